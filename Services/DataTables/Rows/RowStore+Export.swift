internal import Database
internal import UserTables

extension RowStore {
  /// A file's chunks are sent when they reach this many bytes: 256 KiB.
  private static let chunkBytes = 256 << 10

  /// Writes rows as a CSV file, by number: a header of `id` and the fields' names, then a line a row.
  ///
  /// One snapshot: what is written while it runs is not in it. It reads no faster than `send` takes.
  func export(
    _ fields: [TableField], of table: CustomTableDefinition, _ send: ([UInt8]) async throws -> Void
  ) async throws {
    let statement = Statement(
      name: "rows.export",
      sql: """
        SELECT \((["id"] + fields.map(\.column)).joined(separator: ", "))
        FROM \(table.rows)
        ORDER BY id
        """)
    let role = DatabaseRole.entity(table.entity)
    try await database.transaction(as: role, isolation: .repeatableRead, readOnly: true) { transaction in
      var csv = CSVWriter()
      csv.write(["id"] + fields.map(\.storage.id))
      for try await rows in transaction.stream(statement, batch: 1_000) {
        for row in rows { csv.write(try Self.cells(of: fields, in: row)) }
        if csv.count >= Self.chunkBytes { try await send(csv.take()) }
      }
      try await send(csv.take())
    }
  }

  private static func cells(of fields: [TableField], in row: Row) throws -> [String] {
    var cells = [String(try row.int(0))]
    for (place, field) in fields.enumerated() {
      cells.append(try FieldWriter.text(of: value(of: field, in: row, at: place + 1)))
    }
    return cells
  }
}
