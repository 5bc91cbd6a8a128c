internal import Database
internal import Messages
internal import Populations
internal import UserTables
internal import Values

extension ProfileStore {
  /// Writes profiles as a CSV file, by id: a header of `id` and the fields' names, then a line a profile.
  ///
  /// One snapshot: what is written while it runs is not in it. It reads no faster than `send` takes: see
  /// ``ExportGate``.
  nonisolated(nonsending) func export(
    _ fields: [ProfileField], of table: ProfileTableDefinition,
    _ send: nonisolated(nonsending) ([UInt8]) async throws -> Void
  ) async throws {
    let statement = Statement(
      name: "profiles.export",
      sql: """
        SELECT \((["id"] + fields.map(\.storage.column)).joined(separator: ", "))
        FROM \(table.rows)
        ORDER BY id
        """)
    let export = CSVExport(statement, header: ["id"] + fields.map(\.storage.id), database: database)
    try await export.run(as: .entity(table.entity), cells: { try Self.cells(of: fields, in: $0) }, send)
  }

  /// How many profiles of a population are read at a time.
  private static let batch = 5_000

  /// Writes the profiles of a population as such a file. One that is no longer there is left out.
  nonisolated(nonsending) func export(
    _ fields: [ProfileField], of table: ProfileTableDefinition, _ population: Population,
    _ send: nonisolated(nonsending) ([UInt8]) async throws -> Void
  ) async throws {
    let statement = Statement(
      name: "profiles.export_some",
      sql: """
        SELECT \((["id"] + fields.map(\.storage.column)).joined(separator: ", "))
        FROM \(table.rows)
        WHERE id = ANY ($1)
        ORDER BY id
        """)
    try await database.transaction(
      as: .entity(table.entity), isolation: .repeatableRead, readOnly: true
    ) { transaction in
      var csv = CSVWriter()
      csv.write(["id"] + fields.map(\.storage.id))
      var ids = population.ids(limit: Self.batch)
      while !ids.isEmpty {
        for row in try await transaction.execute(statement, [.intArray(ids.map { Int64($0) })]) {
          csv.write(try Self.cells(of: fields, in: row))
        }
        try await send(csv.take())
        ids = population.ids(after: ids.last, limit: Self.batch)
      }
      if csv.count > 0 { try await send(csv.take()) }
    }
  }

  private static func cells(of fields: [ProfileField], in row: Row) throws -> [String] {
    var cells = [String(try row.int(0))]
    for (place, field) in fields.enumerated() {
      cells.append(try FieldWriter.text(of: FieldWriter.value(of: field.storage, in: row, at: place + 1)))
    }
    return cells
  }

  // MARK: - History

  /// The changes of a profile's tracked fields, newest first.
  ///
  /// - Parameter before: only changes with a lower number.
  func changes(
    of id: Int64, in table: ProfileTableDefinition, before: Int64, limit: Int
  ) async throws -> [(number: Int64, message: ProfilesV1.FieldChange)] {
    let statement = Statement(
      name: "profiles.changes",
      sql: """
        SELECT change, field, before, after, at, source, way
        FROM \(table.history)
        WHERE profile = $1 AND change < $2
        ORDER BY change DESC
        LIMIT $3
        """)
    let rows = try await database.read(
      statement, [.int(id), .int(before), .int(Int64(limit))], as: .entity(table.entity))
    let fields = Dictionary(table.fields.map { ($0.storage.number, $0) }, uniquingKeysWith: { first, _ in first })
    return try rows.map { row in
      var message = ProfilesV1.FieldChange()
      let field = fields[Int(try row.int(1))]
      message.field = field?.storage.id ?? ""
      message.before = Self.value(try row.optionalText(2), of: field)
      message.after = Self.value(try row.optionalText(3), of: field)
      message.time = try row.timestamp(4).message
      var provenance = ProfilesV1.Provenance()
      provenance.source = try row.text(5)
      provenance.way = try row.text(6)
      message.provenance = provenance
      return (try row.int(0), message)
    }
  }

  private static func value(_ text: String?, of field: ProfileField?) -> TypeV1.Value? {
    text.map {
      field?.storage.type == .boolean ? TypeV1.Value(.boolValue($0 == "true")) : TypeV1.Value(.stringValue($0))
    }
  }
}
