internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables

/// Keeps the definitions of profile tables, and the tables themselves in step with them.
///
/// A definition and its tables change in one transaction of the owner's: nothing is ever half-applied.
struct ProfileTableStore: Sendable {
  private let database: Database
  private let schema: SchemaConnection
  private let roles: RoleNames
  private let entities: EntityRoles
  private let known = KnownProfileTables()

  init(database: Database, schema: SchemaConnection, roles: RoleNames) {
    self.database = database
    self.schema = schema
    self.roles = roles
    self.entities = EntityRoles(schema: schema)
  }

  // MARK: - Reading

  /// The table of an id, or nil where the entity has none.
  func find(_ id: String, entity: Int64) async throws -> ProfileTableDefinition? {
    try await entities.ensure(entity)
    let rows = try await database.read(Self.byID, [.int(entity), .text(id)], as: .entity(entity))
    guard let table = try rows.first.map(Self.definition) else { return nil }
    known.remember(table, id: id)
    return table
  }

  /// The table of an id as it was found last; nil where it was not. It may have changed since then.
  func findKnown(_ id: String, entity: Int64) -> ProfileTableDefinition? {
    known.find(id, entity: entity)
  }

  private static let byID = Statement(
    name: "profile_tables.find",
    sql: """
      SELECT \(columns)
      FROM profile_tables
      WHERE entity = $1 AND id = $2
      """)

  /// Tables of one entity by id, behind `after`.
  func list(entity: Int64, after: String, limit: Int) async throws -> [ProfileTableDefinition] {
    try await entities.ensure(entity)
    return try await database.read(
      Self.inOrder, [.int(entity), .text(after), .int(Int64(limit))], as: .entity(entity)
    ).map(Self.definition)
  }

  private static let inOrder = Statement(
    name: "profile_tables.list",
    sql: """
      SELECT \(columns)
      FROM profile_tables
      WHERE entity = $1 AND id > $2 COLLATE "C"
      ORDER BY id COLLATE "C"
      LIMIT $3
      """)

  private static let columns = "number, entity, definition, every_id, version, created_at, updated_at"

  private static func definition(_ row: Row) throws -> ProfileTableDefinition {
    let revision = ProfileTableDefinition.Revision(version: try row.int(4), updatedAt: try row.timestamp(6))
    var message = try ProfilesV1.ProfileTable(decoding: row.bytes(2))
    message.version = revision.version
    message.createTime = try row.timestamp(5).message
    message.updateTime = revision.updatedAt.message
    return try ProfileTableDefinition(
      number: row.int(0), entity: row.int(1), message: message, everyID: row.textArray(3).compactMap(\.self),
      revision: revision)
  }

  // MARK: - Creating

  /// Creates a table of a checked definition.
  ///
  /// - Returns: nil when the entity has a table of this id, whatever its case.
  /// - Throws: ``DeletedProfileTables/IDIsUsedUp``.
  func create(
    _ message: ProfilesV1.ProfileTable, id: String, entity: Int64
  ) async throws -> ProfileTableDefinition? {
    try await entities.ensure(entity)
    let draft = try ProfileTableDefinition(number: 0, entity: entity, message: message, everyID: [])
    return try await schema.transaction { transaction in
      let number = try await DeletedProfileTables.takeBack(id: id, entity: entity, in: transaction)
      let inserted = try await transaction.execute(
        Self.insert,
        [
          .int(entity), .text(id), .bytes(message.encoded()), .textArray(draft.everyID.map(Optional.some)),
          .optional(number),
        ])
      guard let row = inserted.first else { return nil }
      let table = try Self.definition(row)
      for statement in try Self.creation(of: table, role: roles.entity(entity)) {
        try await transaction.execute(statement)
      }
      return table
    }
  }

  private static let insert = Statement(
    name: "profile_tables.insert",
    sql: """
      INSERT INTO profile_tables (number, entity, id, definition, every_id)
        OVERRIDING SYSTEM VALUE
      VALUES (coalesce($5::bigint, nextval(pg_get_serial_sequence('profile_tables', 'number'))), $1, $2, $3, $4)
      ON CONFLICT (entity, lower(id)) DO NOTHING
      RETURNING \(columns)
      """)

  private static func creation(of table: ProfileTableDefinition, role: String) throws -> [Statement] {
    let columns = table.fields.flatMap(Self.columns).joined(separator: ",\n  ")
    let rows = """
      CREATE TABLE \(table.rows) (
        id bigint PRIMARY KEY,
        created_at timestamp with time zone NOT NULL DEFAULT now(),
        updated_at timestamp with time zone NOT NULL DEFAULT now(),
        \(columns)
      )
      """
    let history = """
      CREATE TABLE \(table.history) (
        profile bigint NOT NULL REFERENCES \(table.rows) (id) ON DELETE CASCADE,
        change bigint GENERATED ALWAYS AS IDENTITY,
        field integer NOT NULL,
        before text,
        after text,
        at timestamp with time zone NOT NULL DEFAULT now(),
        source text NOT NULL,
        way text NOT NULL,
        PRIMARY KEY (profile, change)
      )
      """
    // A profile's id has 32 bits, so that a population is a Roaring bitmap.
    let ids = "CREATE SEQUENCE \(table.ids) AS bigint MAXVALUE 4294967295 NO CYCLE"
    let grantee = try quoted(role)
    let grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON \(table.rows), \(table.history) TO \(grantee)"
    let use = "GRANT USAGE ON SEQUENCE \(table.ids) TO \(grantee)"
    let texts = [rows, history, ids, grant, use] + table.fields.compactMap { index(on: $0, of: table) }
    return texts.map { Statement(name: "profile_tables.create", sql: $0) }
  }

  private static func columns(of field: ProfileField) -> [String] {
    let required = field.storage.isRequired ? " NOT NULL" : ""
    // The rules let only letters, digits, hyphens and underscores into a default.
    let value = field.defaultValue.map { " DEFAULT '\($0)'" } ?? ""
    let column = "\(field.storage.column) \(field.storage.sqlType)\(value)\(required)"
    return field.isTracked ? [column, "\(field.sinceColumn) timestamp with time zone"] : [column]
  }

  private static func index(on field: ProfileField, of table: ProfileTableDefinition) -> String? {
    guard field.storage.isUnique else { return nil }
    return "CREATE UNIQUE INDEX \(table.rows)_\(field.storage.column) ON \(table.rows) (\(field.storage.column))"
  }

  // MARK: - Changing

  /// Changes a table's definition.
  ///
  /// - Parameters:
  ///   - id: of the table.
  ///   - change: makes the new definition from the one that holds now, and checks it on its own.
  /// - Returns: nil when the entity has no such table.
  /// - Throws: ``DefinitionFault`` when stored data depends on what would change.
  func update(
    _ id: String, entity: Int64,
    change: @escaping @Sendable (ProfilesV1.ProfileTable) throws -> ProfilesV1.ProfileTable
  ) async throws -> ProfileTableDefinition? {
    try await schema.transaction { transaction in
      guard let row = try await transaction.execute(Self.lock, [.int(entity), .text(id)]).first else { return nil }
      let old = try Self.definition(row)
      let new = try ProfileTableDefinition(
        number: old.number, entity: entity, message: change(old.message), everyID: old.everyID)
      let hasProfiles = try await transaction.execute(Self.anyProfile(in: old)).isEmpty == false
      try ProfileTableRules.checkChange(from: old, to: new, hasProfiles: hasProfiles)
      for field in new.fields where old.field(field.storage.id) == nil {
        for column in Self.columns(of: field) {
          try await transaction.execute(
            Statement(name: "profile_tables.alter", sql: "ALTER TABLE \(new.rows) ADD COLUMN \(column)"))
        }
        if let index = Self.index(on: field, of: new) {
          try await transaction.execute(Statement(name: "profile_tables.index", sql: index))
        }
      }
      let changed = try await transaction.execute(
        Self.replace,
        [.int(old.number), .bytes(new.message.encoded()), .textArray(new.everyID.map(Optional.some))])
      return try changed.first.map(Self.definition)
    }
  }

  private static let lock = Statement(
    name: "profile_tables.lock",
    sql: """
      SELECT \(columns)
      FROM profile_tables
      WHERE entity = $1 AND id = $2
      FOR UPDATE
      """)

  private static let replace = Statement(
    name: "profile_tables.replace",
    sql: """
      UPDATE profile_tables
      SET definition = $2, every_id = $3, version = version + 1, updated_at = now()
      WHERE number = $1
      RETURNING \(columns)
      """)

  private static func anyProfile(in table: ProfileTableDefinition) -> Statement {
    Statement(name: "profile_tables.any_profile", sql: "SELECT id FROM \(table.rows) LIMIT 1")
  }

  private static func anyTargeting(of table: ProfileTableDefinition) -> Statement {
    Statement(
      name: "profile_tables.any_targeting",
      sql: "SELECT number FROM targetings WHERE profile_table = \(table.number) LIMIT 1")
  }

  // MARK: - Deleting

  /// What came of deleting a table.
  enum Deletion: Sendable {
    case deleted
    case hasProfiles
    case hasTargetings
    case notFound
  }

  /// Deletes a table with its profiles, their history, its imports and its targetings, and tells who keeps something of
  /// its profiles.
  func delete(_ id: String, entity: Int64, evenWithProfiles: Bool) async throws -> Deletion {
    try await schema.transaction { transaction in
      guard let row = try await transaction.execute(Self.lock, [.int(entity), .text(id)]).first else {
        return .notFound
      }
      let table = try Self.definition(row)
      if !evenWithProfiles, try await transaction.execute(Self.anyProfile(in: table)).isEmpty == false {
        return .hasProfiles
      }
      if !evenWithProfiles, try await transaction.execute(Self.anyTargeting(of: table)).isEmpty == false {
        return .hasTargetings
      }
      if try await DeletedProfileTables.remember(table, id: id, in: transaction) {
        try await ProfileEvents.deleted(table, transaction: transaction)
      }
      let drops = [
        "DROP TABLE \(table.history), \(table.rows)", "DROP SEQUENCE \(table.ids)",
        "DELETE FROM refused_lines USING imports WHERE import = imports.id AND imports.table_number = \(table.number)",
        "DELETE FROM imports WHERE table_number = \(table.number)",
        """
        DELETE FROM targeting_bases USING targetings
        WHERE targeting = targetings.number AND targetings.profile_table = \(table.number)
        """,
        "DELETE FROM targetings WHERE profile_table = \(table.number)",
        "DELETE FROM profile_tables WHERE number = \(table.number)",
      ]
      for drop in drops { try await transaction.execute(Statement(name: "profile_tables.delete", sql: drop)) }
      return .deleted
    }
  }
}
