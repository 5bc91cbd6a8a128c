internal import Database
internal import RPC
internal import UserTables

extension RowStore {
  /// Creates a row of a change that is complete and whose profile is resolved.
  ///
  /// - Returns: nil when its profile is gone; the transaction is then to be given up.
  static func create(
    _ change: RowChange, in table: CustomTableDefinition, transaction: Transaction
  ) async throws -> RowReference? {
    let values = change.values.filter { $0.value != .null }
    let insert = Statement(
      name: "rows.insert",
      sql: """
        INSERT INTO \(table.rows) (\((["created_at"] + values.map(\.field.column)).joined(separator: ", ")))
        VALUES (\((["now()"] + values.indices.map { "$\($0 + 1)" }).joined(separator: ", ")))
        RETURNING id
        """)
    let rows = try await write(insert, values.map(\.value), change, in: table, transaction: transaction)
    return try rows?.first.map { RowReference(number: try $0.int(0), profile: change.profile ?? 0) }
  }

  /// What came of changing a row.
  enum Updated: Sendable {
    case updated(RowReference)
    case profileIsGone
    case notFound
  }

  /// Changes the row of a key.
  static func update(
    _ key: Key, _ change: RowChange, in table: CustomTableDefinition, transaction: Transaction
  ) async throws -> Updated {
    let assignments = ["updated_at = now()"] + change.values.enumerated().map { "\($1.field.column) = $\($0 + 2)" }
    let update = Statement(
      name: "rows.update",
      sql: """
        UPDATE \(table.rows)
        SET \(assignments.joined(separator: ", "))
        WHERE \(key.column) = $1
        RETURNING id, \(table.owner == nil ? "0::bigint" : "profile")
        """)
    let parameters = [key.value] + change.values.map(\.value)
    guard let rows = try await write(update, parameters, change, in: table, transaction: transaction) else {
      return .profileIsGone
    }
    guard let row = rows.first else { return .notFound }
    return .updated(RowReference(number: try row.int(0), profile: try row.int(1)))
  }

  /// Runs a statement that may set the row's profile; nil when that profile is gone.
  private static func write(
    _ statement: Statement, _ parameters: [SQLValue], _ change: RowChange, in table: CustomTableDefinition,
    transaction: Transaction
  ) async throws -> [Row]? {
    guard let owner = table.owner, let profile = change.profile else {
      return try await transaction.execute(statement, parameters)
    }
    let number = SQLValue.int(owner.number)
    let results = try await transaction.execute(
      pipelined: [
        (Tombstones.ofRows.share, [number]), (Tombstones.find, [number, .intArray([profile])]),
        (statement, parameters),
      ])
    return results[1].isEmpty ? results[2] : nil
  }
}
