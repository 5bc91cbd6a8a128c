internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// Reads the rows of a custom table.
struct RowStore: Sendable {
  let database: Database

  /// Which row is meant.
  enum Key: Sendable {
    case number(Int64)
    case unique(TableField, SQLValue)

    /// The column that finds it.
    var column: String {
      switch self {
      case .number: "id"
      case .unique(let field, _): field.column
      }
    }

    /// What stands in that column.
    var value: SQLValue {
      switch self {
      case .number(let number): .int(number)
      case .unique(_, let value): value
      }
    }
  }

  /// The row of a key, or nil where the table has none.
  func find(_ key: Key, in table: CustomTableDefinition) async throws -> TablesV1.Row? {
    let statement = Statement(
      name: "rows.get",
      sql: """
        SELECT \(Self.columns(of: table))
        FROM \(table.rows)
        WHERE \(key.column) = $1
        """)
    return try await database.read(statement, [key.value], as: .entity(table.entity))
      .first.map { try Self.row($0, of: table) }
  }

  /// The rows of up to 10,000 values of a unique column, by value.
  ///
  /// - Parameter keyOnly: rows carry that column alone.
  func find(
    _ values: SQLValue, of field: TableField, in table: CustomTableDefinition, keyOnly: Bool
  ) async throws -> [SQLValue: TablesV1.Row] {
    let columns = keyOnly ? "id" : Self.columns(of: table)
    let statement = Statement(
      name: "rows.find",
      sql: """
        SELECT \(field.column), \(columns)
        FROM \(table.rows)
        WHERE \(field.column) = ANY ($1::\(field.keptType.sqlType)[])
        """)
    var found: [SQLValue: TablesV1.Row] = [:]
    for row in try await database.read(statement, [values], as: .entity(table.entity)) {
      let value = try SQLValue.stored(field.keptType, in: row, at: 0)
      if keyOnly {
        var message = TablesV1.Row()
        message.name = "\(table.message.name)/rows/\(try row.int(1))"
        message.values[field.storage.id] = value.message
        found[value] = message
      } else {
        found[value] = try Self.row(row, of: table, from: 1)
      }
    }
    return found
  }

  /// The rows of up to 10,000 numbers.
  func find(numbers: [Int64], in table: CustomTableDefinition) async throws -> [Int64: TablesV1.Row] {
    let statement = Statement(
      name: "rows.batch_get",
      sql: """
        SELECT \(Self.columns(of: table))
        FROM \(table.rows)
        WHERE id = ANY ($1::bigint[])
        """)
    let rows = try await database.read(
      statement, [.intArray(numbers.map(Optional.some))], as: .entity(table.entity))
    return try Dictionary(
      rows.map { (try $0.int(0), try Self.row($0, of: table)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The rows of a table by number, behind `after`.
  func list(in table: CustomTableDefinition, after: Int64, limit: Int) async throws -> [TablesV1.Row] {
    let statement = Statement(
      name: "rows.list",
      sql: """
        SELECT \(Self.columns(of: table))
        FROM \(table.rows)
        WHERE id > $1
        ORDER BY id
        LIMIT $2
        """)
    return try await database.read(statement, [.int(after), .int(Int64(limit))], as: .entity(table.entity))
      .map { try Self.row($0, of: table) }
  }

  // MARK: - What a row holds

  /// The columns that ``row(_:of:)`` reads, in its order.
  static func columns(of table: CustomTableDefinition, as prefix: String = "") -> String {
    (["id", "created_at", "updated_at"] + table.fields.map(\.column)).map { prefix + $0 }.joined(separator: ", ")
  }

  /// - Parameter first: the place of the first of ``columns(of:as:)``.
  static func row(_ row: Row, of table: CustomTableDefinition, from first: Int = 0) throws -> TablesV1.Row {
    var message = TablesV1.Row()
    message.name = "\(table.message.name)/rows/\(try row.int(first))"
    message.createTime = try row.timestamp(first + 1).message
    message.updateTime = try row.timestamp(first + 2).message
    for (place, field) in table.fields.enumerated() {
      let value = try value(of: field, in: row, at: first + place + 3)
      message.values[field.storage.id] = value
      if field.kind == .profile, case .int64Value(let number) = value?.kind {
        message.profile = "\(table.owner?.name ?? "")/profiles/\(number)"
      }
    }
    return message
  }

  /// What a caller reads of a field: of a profile, its number.
  static func value(of field: TableField, in row: Row, at column: Int) throws(DatabaseError) -> TypeV1.Value? {
    guard field.kind == .profile else { return try FieldWriter.value(of: field.storage, in: row, at: column) }
    return try row.optionalInt(column).map { TypeV1.Value(.int64Value($0)) }
  }
}

extension TablesV1.Row {
  /// The number that the name ends in.
  var number: Int64? {
    name.split(separator: "/").last.flatMap { Int64($0) }
  }
}
