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

  /// The rows of up to 10,000 keys of one column, in any order.
  func find(_ values: SQLValue, of field: TableField, in table: CustomTableDefinition) async throws -> [TablesV1.Row] {
    try await rows(whose: field.column, type: field.keptType, areIn: values, in: table)
  }

  /// The rows of up to 10,000 numbers, in any order.
  func find(numbers: [Int64], in table: CustomTableDefinition) async throws -> [Int64: TablesV1.Row] {
    let values = SQLValue.intArray(numbers.map(Optional.some))
    let rows = try await rows(whose: "id", type: .integer, areIn: values, in: table)
    return Dictionary(rows.map { ($0.number ?? 0, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func rows(
    whose column: String, type: FieldType, areIn values: SQLValue, in table: CustomTableDefinition
  ) async throws -> [TablesV1.Row] {
    let statement = Statement(
      name: "rows.batch_get",
      sql: """
        SELECT \(Self.columns(of: table))
        FROM \(table.rows)
        WHERE \(column) = ANY ($1::\(type.sqlType)[])
        """)
    return try await database.read(statement, [values], as: .entity(table.entity)).map { try Self.row($0, of: table) }
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

  static func row(_ row: Row, of table: CustomTableDefinition) throws -> TablesV1.Row {
    var message = TablesV1.Row()
    message.name = "\(table.message.name)/rows/\(try row.int(0))"
    message.createTime = try row.timestamp(1).message
    message.updateTime = try row.timestamp(2).message
    for (place, field) in table.fields.enumerated() {
      let value = try value(of: field, in: row, at: place + 3)
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
