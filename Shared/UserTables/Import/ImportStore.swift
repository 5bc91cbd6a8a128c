package import Database
package import Messages
internal import Values

/// Keeps the imports of one service, and the lines that they refused.
///
/// The tables `imports` and `refused_lines` are shared by all entities; row-level security shows each its own.
package struct ImportStore: Sendable {
  private let database: Database

  /// The imports in a service's own schema, made by ``migration(number:)``.
  package init(database: Database) {
    self.database = database
  }

  // MARK: - Beginning and going on

  /// What came of beginning an import.
  package enum Beginning: Sendable {
    case began(ImportRecord)
    /// An import with this request id exists; whether it was begun with the same settings is told.
    case exists(id: Int64, isSame: Bool)
  }

  /// Begins an import.
  ///
  /// - Parameter requestID: empty: none.
  package func begin(
    entity: Int64, table: Int64, settings: TypeV1.ImportSettings, requestID: String
  ) async throws -> Beginning {
    let encoded = try settings.encoded()
    let parameters: [SQLValue] = [
      .int(entity), .int(table), .bytes(encoded), requestID.isEmpty ? .null : .text(requestID),
    ]
    if let row = try await database.write(Self.insert, parameters, as: .entity(entity)).first {
      return .began(try ImportRecord(row))
    }
    let found = try await database.read(
      Self.byRequest, [.int(entity), .int(table), .text(requestID)], as: .entity(entity))
    guard let row = found.first else { throw ImportFault("The import's request id is in use. Send another.") }
    return .exists(id: try row.int(0), isSame: try row.bytes(1) == encoded)
  }

  private static let insert = Statement(
    name: "imports.insert",
    sql: """
      INSERT INTO imports (entity, table_number, settings, request_id)
      VALUES ($1, $2, $3, $4)
      ON CONFLICT (entity, table_number, request_id) DO NOTHING
      RETURNING \(ImportRecord.columns)
      """)

  private static let byRequest = Statement(
    name: "imports.by_request",
    sql: """
      SELECT id, settings
      FROM imports
      WHERE entity = $1 AND table_number = $2 AND request_id = $3
      """)

  /// Takes a running import over from whichever call carried it before.
  ///
  /// - Returns: nil when the table has no running import of this id.
  package func resume(entity: Int64, table: Int64, id: Int64) async throws -> ImportRecord? {
    try await database.write(
      Self.takeOver, [.int(entity), .int(table), .int(id), .running], as: .entity(entity)
    ).first.map(ImportRecord.init)
  }

  private static let takeOver = Statement(
    name: "imports.resume",
    sql: """
      UPDATE imports
      SET attempt = attempt + 1, updated_at = now()
      WHERE entity = $1 AND table_number = $2 AND id = $3 AND state = $4
      RETURNING \(ImportRecord.columns)
      """)

  // MARK: - Settling lines

  /// Records what became of a batch, in the transaction that wrote it.
  ///
  /// - Returns: false when another call has taken the import over: the transaction must then be given up.
  package func settle(
    _ batch: ImportBatch, outcome: ImportOutcome, of record: ImportRecord, entity: Int64, in transaction: Transaction
  ) async throws -> Bool {
    let header = batch.end.header.map { names in SQLValue.textArray(names.map(Optional.some)) }
    let settled = try await transaction.execute(
      Self.advance,
      [
        .int(record.id), .int(record.attempt), .int(batch.end.bytes), .int(batch.end.nextLine), header ?? .null,
        .int(Int64(batch.lineCount)), .int(Int64(outcome.created)), .int(Int64(outcome.updated)),
        .int(Int64(outcome.refused.count)), .int(batch.start.bytes),
      ])
    if settled.isEmpty { return false }
    if !outcome.refused.isEmpty {
      try await transaction.execute(
        Self.refuse,
        [
          .int(entity), .int(record.id), .intArray(outcome.refused.map(\.line)),
          .textArray(outcome.refused.map(\.column)), .textArray(outcome.refused.map(\.reason)),
        ])
    }
    return true
  }

  private static let advance = Statement(
    name: "imports.settle",
    sql: """
      UPDATE imports
      SET settled_bytes = $3, next_line = $4, header = $5, settled_lines = settled_lines + $6,
        created = created + $7, updated = updated + $8, refused = refused + $9, updated_at = now()
      WHERE id = $1 AND attempt = $2 AND settled_bytes = $10
      RETURNING id
      """)

  private static let refuse = Statement(
    name: "imports.refuse",
    sql: """
      INSERT INTO refused_lines (entity, import, line, column_name, reason)
      SELECT $1, $2, line, column_name, reason
      FROM unnest($3::bigint[], $4::text[], $5::text[]) AS refused (line, column_name, reason)
      ON CONFLICT (import, line) DO NOTHING
      """)

  /// Ends an import, well or with the fault that stopped it.
  ///
  /// - Returns: nil when another call has taken it over.
  package func end(_ record: ImportRecord, entity: Int64, fault: ImportFault? = nil) async throws -> ImportRecord? {
    try await database.write(
      Self.finish,
      [.int(record.id), .int(record.attempt), fault == nil ? .succeeded : .failed, .text(fault?.explanation ?? "")],
      as: .entity(entity)
    ).first.map(ImportRecord.init)
  }

  private static let finish = Statement(
    name: "imports.end",
    sql: """
      UPDATE imports
      SET state = $3, error = $4, updated_at = now()
      WHERE id = $1 AND attempt = $2
      RETURNING \(ImportRecord.columns)
      """)

  // MARK: - Reading

  /// One import of a table.
  package func find(entity: Int64, table: Int64, id: Int64) async throws -> ImportRecord? {
    try await database.read(Self.byID, [.int(entity), .int(table), .int(id)], as: .entity(entity))
      .first.map(ImportRecord.init)
  }

  private static let byID = Statement(
    name: "imports.find",
    sql: """
      SELECT \(ImportRecord.columns)
      FROM imports
      WHERE entity = $1 AND table_number = $2 AND id = $3
      """)

  /// The imports of a table, newest first.
  ///
  /// - Parameter before: only older ones than this.
  package func list(entity: Int64, table: Int64, before: Int64, limit: Int) async throws -> [ImportRecord] {
    try await database.read(
      Self.newestFirst, [.int(entity), .int(table), .int(before), .int(Int64(limit))], as: .entity(entity)
    ).map(ImportRecord.init)
  }

  private static let newestFirst = Statement(
    name: "imports.list",
    sql: """
      SELECT \(ImportRecord.columns)
      FROM imports
      WHERE entity = $1 AND table_number = $2 AND id < $3
      ORDER BY id DESC
      LIMIT $4
      """)

  /// The lines that an import refused, in the order of the file, behind line `after`.
  package func refusedLines(
    entity: Int64, id: Int64, after: Int64, limit: Int
  ) async throws -> [TypeV1.RefusedLine] {
    let rows = try await database.read(
      Self.refused, [.int(entity), .int(id), .int(after), .int(Int64(limit))], as: .entity(entity))
    return try rows.map { row in
      var line = TypeV1.RefusedLine()
      line.line = try row.int(0)
      line.column = try row.text(1)
      line.reason = try row.text(2)
      return line
    }
  }

  private static let refused = Statement(
    name: "imports.refused_lines",
    sql: """
      SELECT line, column_name, reason
      FROM refused_lines
      WHERE entity = $1 AND import = $2 AND line > $3
      ORDER BY line
      LIMIT $4
      """)
}

extension SQLValue {
  fileprivate static let running = SQLValue.int(Int64(TypeV1.ImportState.running.rawValue))
  fileprivate static let succeeded = SQLValue.int(Int64(TypeV1.ImportState.succeeded.rawValue))
  fileprivate static let failed = SQLValue.int(Int64(TypeV1.ImportState.failed.rawValue))
}
