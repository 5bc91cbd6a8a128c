internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Deletes rows, does with the rows that link to them what their links say, and tells the log of each.
///
/// Rows are locked before those that link to them are looked for: whoever is about to link to one waits, and then finds it
/// gone.
struct RowDeletion {
  /// What becomes of rows whose link says that the delete is refused.
  enum Mode: Sendable {
    /// The delete is refused.
    case refusing
    /// A profile's rows go whatever links to them: such a link is cleared, or its row goes too where it is required.
    case erasing
  }

  private let mode: Mode
  private let transaction: Transaction
  /// What is to be deleted, by table and number.
  private var doomed: [Int64: (table: CustomTableDefinition, rows: [Int64: RowReference])] = [:]
  /// Links that refuse, to be looked at when all that goes is known.
  private var refusing: [(table: CustomTableDefinition, link: TableField, keys: SQLValue)] = []

  init(_ mode: Mode, in transaction: Transaction) {
    self.mode = mode
    self.transaction = transaction
  }

  /// A link refused the delete.
  struct Refused: Error, Sendable {
    let table: String
    let link: String
  }

  // MARK: - What goes

  /// Deletes the row of a key.
  ///
  /// - Returns: false where the table has none.
  /// - Throws: ``Refused``.
  mutating func delete(_ key: RowStore.Key, in table: CustomTableDefinition) async throws -> Bool {
    try await doom(table, where: "\(key.column) = $1", [key.value])
    if doomed.isEmpty { return false }
    try await finish()
    return true
  }

  /// Deletes the rows of profiles.
  mutating func delete(ofProfiles profiles: [Int64], in tables: [CustomTableDefinition]) async throws {
    for table in tables {
      try await doom(table, where: "profile = ANY ($1::bigint[])", [.intArray(profiles.map(Optional.some))])
    }
    try await finish()
  }

  /// Deletes all rows of tables.
  mutating func deleteAll(in tables: [CustomTableDefinition]) async throws {
    for table in tables { try await doom(table, where: "true", []) }
    try await finish()
  }

  /// Locks rows that are to go, and those that go with them.
  private mutating func doom(
    _ table: CustomTableDefinition, where condition: String, _ parameters: [SQLValue]
  ) async throws {
    var waiting = [(table: table, rows: try await lock(table, where: condition, parameters))]
    while let (table, rows) = waiting.popLast() {
      let known = doomed[table.number]?.rows ?? [:]
      let new = rows.filter { known[$0.reference.number] == nil }
      if new.isEmpty { continue }
      var all = known
      for row in new { all[row.reference.number] = row.reference }
      doomed[table.number] = (table, all)
      waiting += try await follow(new.map(\.key), of: table)
    }
  }

  /// A row that is locked, and the key by which others link to it.
  private struct LockedRow {
    let reference: RowReference
    let key: SQLValue
  }

  private func lock(
    _ table: CustomTableDefinition, where condition: String, _ parameters: [SQLValue]
  ) async throws -> [LockedRow] {
    let columns = ["id", table.owner == nil ? "0::bigint" : "profile", table.key?.column ?? "NULL::text"]
    let statement = Statement(
      name: "rows.lock",
      sql: """
        SELECT \(columns.joined(separator: ", "))
        FROM \(table.rows)
        WHERE \(condition)
        ORDER BY id
        FOR UPDATE
        """)
    return try await transaction.execute(statement, parameters).map { row in
      let reference = RowReference(number: try row.int(0), profile: try row.int(1))
      return LockedRow(reference: reference, key: try .stored(table.key?.keptType ?? .string, in: row, at: 2))
    }
  }

  /// Does what the links to rows say; gives the rows that go too.
  private mutating func follow(
    _ keys: [SQLValue], of table: CustomTableDefinition
  ) async throws -> [(table: CustomTableDefinition, rows: [LockedRow])] {
    guard let key = table.key else { return [] }
    let keys = SQLValue.array(of: keys, type: key.keptType)
    var going: [(table: CustomTableDefinition, rows: [LockedRow])] = []
    for source in try await CustomTableStore.list(linkingTo: table.number, in: transaction) {
      for link in source.links where link.target?.table == table.number {
        switch action(of: link) {
        case .cascade:
          let condition = "\(link.column) = ANY ($1::\(link.keptType.sqlType)[])"
          going.append((source, try await lock(source, where: condition, [keys])))
        case .setNull: try await clear(link, of: source, keys)
        default: refusing.append((source, link, keys))
        }
      }
    }
    return going
  }

  private func action(of link: TableField) -> TablesV1.OnDelete {
    guard case .link(_, let onDelete) = link.kind else { return .unspecified }
    if onDelete == .unspecified && mode == .erasing { return link.storage.isRequired ? .cascade : .setNull }
    return onDelete
  }

  private func clear(_ link: TableField, of table: CustomTableDefinition, _ keys: SQLValue) async throws {
    let statement = Statement(
      name: "rows.clear_link",
      sql: """
        UPDATE \(table.rows)
        SET \(link.column) = NULL, updated_at = now()
        WHERE \(link.column) = ANY ($1::\(link.keptType.sqlType)[])
        RETURNING id, \(table.owner == nil ? "0::bigint" : "profile")
        """)
    let rows = try await transaction.execute(statement, [keys]).map { row in
      RowReference(number: try row.int(0), profile: try row.int(1))
    }
    if rows.isEmpty { return }
    try await RowEvents.changed(
      rows, created: false, columns: [link.storage.id], isBulk: false, in: table, transaction: transaction)
  }

  // MARK: - Going

  private mutating func finish() async throws {
    for (table, link, keys) in refusing { try await check(link, of: table, keys) }
    // Rows that link to each other go together.
    try await transaction.execute(Statement(name: "rows.defer", sql: "SET CONSTRAINTS ALL DEFERRED"))
    for (table, rows) in doomed.values.sorted(by: { $0.table.number < $1.table.number }) {
      let statement = Statement(
        name: "rows.delete",
        sql: """
          DELETE FROM \(table.rows)
          WHERE id = ANY ($1::bigint[])
          """)
      let references = rows.values.sorted { $0.number < $1.number }
      try await transaction.execute(statement, [.intArray(references.map(\.number))])
      try await RowEvents.deleted(references, in: table, transaction: transaction)
    }
    doomed = [:]
    refusing = []
  }

  private func check(_ link: TableField, of table: CustomTableDefinition, _ keys: SQLValue) async throws {
    let statement = Statement(
      name: "rows.linking",
      sql: """
        SELECT id
        FROM \(table.rows)
        WHERE \(link.column) = ANY ($1::\(link.keptType.sqlType)[]) AND id <> ALL ($2::bigint[])
        LIMIT 1
        """)
    let going = doomed[table.number]?.rows.keys.map(Optional.some) ?? []
    if try await transaction.execute(statement, [keys, .intArray(going)]).isEmpty { return }
    throw Refused(table: table.message.name, link: link.storage.id)
  }
}
