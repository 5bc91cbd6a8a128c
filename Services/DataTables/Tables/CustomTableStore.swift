internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// Keeps the definitions of custom tables, and the tables themselves in step with them.
///
/// A definition and its table change in one transaction of the owner's: nothing is ever half-applied.
struct CustomTableStore: Sendable {
  let database: Database
  let schema: SchemaConnection
  let roles: RoleNames
  private let entities: EntityRoles

  init(database: Database, schema: SchemaConnection, roles: RoleNames) {
    self.database = database
    self.schema = schema
    self.roles = roles
    self.entities = EntityRoles(schema: schema)
  }

  /// Makes the role of an entity, unless there is one.
  func ensureRole(of entity: Int64) async throws {
    try await entities.ensure(entity)
  }

  // MARK: - Reading

  /// The table of an id, or nil where the entity has none.
  func find(_ id: String, entity: Int64) async throws -> CustomTableDefinition? {
    try await entities.ensure(entity)
    return try await database.read(Self.byID, [.int(entity), .text(id)], as: .entity(entity))
      .first.map(Self.definition)
  }

  private static let byID = Statement(
    name: "custom_tables.find",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE entity = $1 AND id = $2
      """)

  /// Tables of one entity by id, behind `after`.
  func list(entity: Int64, after: String, limit: Int) async throws -> [CustomTableDefinition] {
    try await entities.ensure(entity)
    return try await database.read(
      Self.inOrder, [.int(entity), .text(after), .int(Int64(limit))], as: .entity(entity)
    ).map(Self.definition)
  }

  private static let inOrder = Statement(
    name: "custom_tables.list",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE entity = $1 AND id > $2 COLLATE "C"
      ORDER BY id COLLATE "C"
      LIMIT $3
      """)

  /// The tables of one entity whose rows belong to profiles of a table, by number.
  func list(ofProfileTable number: Int64, entity: Int64) async throws -> [CustomTableDefinition] {
    try await entities.ensure(entity)
    return try await database.read(Self.ofProfileTable, [.int(number)], as: .entity(entity)).map(Self.definition)
  }

  /// The same, of whichever entity the transaction's role sees.
  static func list(
    ofProfileTable number: Int64, in transaction: Transaction
  ) async throws -> [CustomTableDefinition] {
    try await transaction.execute(ofProfileTable, [.int(number)]).map(definition)
  }

  private static let ofProfileTable = Statement(
    name: "custom_tables.of_profile_table",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE profile_table = $1
      ORDER BY number
      """)

  /// Every table whose rows belong to profiles, of every entity.
  func listOwned() async throws -> [CustomTableDefinition] {
    try await database.read(Self.owned, [], as: .worker).map(Self.definition)
  }

  private static let owned = Statement(
    name: "custom_tables.owned",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE profile_table IS NOT NULL
      ORDER BY number
      """)

  /// The tables that link to one, which the transaction's role sees.
  static func list(linkingTo number: Int64, in transaction: Transaction) async throws -> [CustomTableDefinition] {
    try await transaction.execute(linking, [.int(number)]).map(definition)
  }

  private static let linking = Statement(
    name: "custom_tables.linking",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE number IN (SELECT source FROM table_links WHERE target = $1)
      ORDER BY number
      """)

  static let columns = """
    number, entity, definition, version, created_at, updated_at, every_id, profile_table, profile_key_type,
      links.columns, links.targets, links.target_columns, links.target_types
    """

  static let tables = """
    custom_tables
      CROSS JOIN LATERAL (
        SELECT array_agg(column_number) AS columns, array_agg(target) AS targets,
          array_agg(target_column) AS target_columns, array_agg(target_type) AS target_types
        FROM table_links
        WHERE source = custom_tables.number
      ) AS links
    """

  static func definition(_ row: Row) throws -> CustomTableDefinition {
    var message = try TablesV1.CustomTable(decoding: row.bytes(2))
    message.version = try row.int(3)
    message.createTime = try row.timestamp(4).message
    message.updateTime = try row.timestamp(5).message
    let everyID = try row.textArray(6).compactMap(\.self)
    return try CustomTableDefinition(
      number: row.int(0), entity: row.int(1), message: message, owner: owner(row, of: message), everyID: everyID,
      targets: targets(row, everyID: everyID))
  }

  private static func owner(_ row: Row, of message: TablesV1.CustomTable) throws -> ProfileOwner? {
    guard let number = try row.optionalInt(7), let type = try FieldType(number: row.int(8)) else { return nil }
    return ProfileOwner(
      name: message.profileTable, number: number, keyAttribute: message.profileLink?.keyAttribute ?? "", keyType: type)
  }

  private static func targets(_ row: Row, everyID: [String]) throws -> [String: LinkTarget] {
    if try row.isNull(9) { return [:] }
    var targets: [String: LinkTarget] = [:]
    let links = try zip(zip(row.intArray(9), row.intArray(10)), zip(row.intArray(11), row.intArray(12)))
    for ((column, table), (key, type)) in links {
      guard let column, let table, let key, let type = type.flatMap(FieldType.init(number:)) else { continue }
      targets[everyID[Int(column) - 1]] = LinkTarget(table: table, column: Int(key), type: type)
    }
    return targets
  }
}

extension FieldType {
  /// The type that the API numbers so, as it is stored.
  init?(number: Int64) {
    self.init(TypeV1.FieldType(rawValue: Int32(clamping: number)))
  }

  /// How the API numbers it.
  var number: Int64 { Int64(message.rawValue) }
}
