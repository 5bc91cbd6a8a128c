package import Database

/// Writes what a statement finds as a CSV file: a header, then a line a row.
package struct CSVExport: Sendable {
  /// A file's chunks are sent when they reach this many bytes: 256 KiB.
  private static let chunkBytes = 256 << 10

  private let statement: Statement
  private let header: [String]
  private let database: Database

  /// - Parameter statement: gives the rows in the order of the lines.
  package init(_ statement: Statement, header: [String], database: Database) {
    self.statement = statement
    self.header = header
    self.database = database
  }

  /// Sends the file, chunk by chunk.
  ///
  /// One snapshot: what is written while it runs is not in it. It reads no faster than `send` takes: see
  /// ``ExportGate``.
  nonisolated(nonsending) package func run(
    as role: DatabaseRole, cells: (Row) throws -> [String],
    _ send: nonisolated(nonsending) ([UInt8]) async throws -> Void
  ) async throws {
    try await database.transaction(as: role, isolation: .repeatableRead, readOnly: true) { transaction in
      var csv = CSVWriter()
      csv.write(header)
      for try await rows in transaction.stream(statement, batch: 1_000) {
        for row in rows { csv.write(try cells(row)) }
        if csv.count >= Self.chunkBytes { try await send(csv.take()) }
      }
      try await send(csv.take())
    }
  }
}
