internal import Database
internal import UserTables

extension RowStore {
  /// Writes rows as a CSV file, by number: a header of `id` and the fields' names, then a line a row.
  ///
  /// One snapshot: what is written while it runs is not in it. It reads no faster than `send` takes: see
  /// ``ExportGate``.
  nonisolated(nonsending) func export(
    _ fields: [TableField], of table: CustomTableDefinition,
    _ send: nonisolated(nonsending) ([UInt8]) async throws -> Void
  ) async throws {
    let statement = Statement(
      name: "rows.export",
      sql: """
        SELECT \((["id"] + fields.map(\.column)).joined(separator: ", "))
        FROM \(table.rows)
        ORDER BY id
        """)
    let export = CSVExport(statement, header: ["id"] + fields.map(\.storage.id), database: database)
    try await export.run(as: .entity(table.entity), cells: { try Self.cells(of: fields, in: $0) }, send)
  }

  private static func cells(of fields: [TableField], in row: Row) throws -> [String] {
    var cells = [String(try row.int(0))]
    for (place, field) in fields.enumerated() {
      cells.append(try FieldWriter.text(of: value(of: field, in: row, at: place + 1)))
    }
    return cells
  }
}
