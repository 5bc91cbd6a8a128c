internal import Database
internal import Messages
internal import UserTables
internal import Values

/// Keeps targetings, and which is built on which.
struct TargetingStore: Sendable {
  private let database: Database
  private let entities: EntityRoles

  init(database: Database, schema: SchemaConnection) {
    self.database = database
    self.entities = EntityRoles(schema: schema)
  }

  // MARK: - Reading

  /// The targeting of an id, or nil where the entity has none.
  func find(_ id: String, entity: Int64) async throws -> TargetingDefinition? {
    try await entities.ensure(entity)
    return try await database.read(Self.byID, [.int(entity), .text(id)], as: .entity(entity))
      .first.map(Self.definition)
  }

  private static let byID = Statement(
    name: "targetings.find",
    sql: """
      SELECT \(columns)
      FROM targetings
      WHERE entity = $1 AND id = $2
      """)

  /// Targetings of one entity by id, behind `after`.
  func list(entity: Int64, after: String, limit: Int) async throws -> [TargetingDefinition] {
    try await entities.ensure(entity)
    return try await database.read(
      Self.inOrder, [.int(entity), .text(after), .int(Int64(limit))], as: .entity(entity)
    ).map(Self.definition)
  }

  private static let inOrder = Statement(
    name: "targetings.list",
    sql: """
      SELECT \(columns)
      FROM targetings
      WHERE entity = $1 AND id > $2 COLLATE "C"
      ORDER BY id COLLATE "C"
      LIMIT $3
      """)

  private static let columns = "number, entity, profile_table, definition, version, created_at, updated_at"

  private static func definition(_ row: Row) throws -> TargetingDefinition {
    var message = try TargetingV1.Targeting(decoding: row.bytes(3))
    message.version = try row.int(4)
    message.createTime = try row.timestamp(5).message
    message.updateTime = try row.timestamp(6).message
    return TargetingDefinition(
      number: try row.int(0), entity: try row.int(1), profileTable: try row.int(2), message: message)
  }

  // MARK: - Writing

  /// What came of writing a targeting.
  enum Written: Sendable {
    case written(TargetingDefinition)
    /// The entity has a targeting of this id, whatever its case.
    case exists
    /// Another call changed or deleted it since it was read.
    case changedMeanwhile
    /// It is built on a targeting that was deleted since it was checked.
    case baseIsGone
    /// It would be built on itself.
    case isCircular
  }

  /// Keeps a new targeting of a checked definition.
  ///
  /// - Parameters:
  ///   - bases: the ids of the targetings that it is built on.
  func create(
    _ message: TargetingV1.Targeting, id: String, of table: ProfileTableDefinition, bases: Set<String>
  ) async throws -> Written {
    try await entities.ensure(table.entity)
    return try await write(entity: table.entity, bases: bases) { transaction in
      try await transaction.execute(
        Self.insert, [.int(table.entity), .text(id), .int(table.number), .bytes(message.encoded())]
      ).first.map(Self.definition)
    } otherwise: {
      .exists
    }
  }

  private static let insert = Statement(
    name: "targetings.insert",
    sql: """
      INSERT INTO targetings (entity, id, profile_table, definition)
      VALUES ($1, $2, $3, $4)
      ON CONFLICT (entity, lower(id)) DO NOTHING
      RETURNING \(columns)
      """)

  /// Gives a targeting another checked definition, unless it has changed since it was read.
  func replace(
    _ old: TargetingDefinition, by message: TargetingV1.Targeting, bases: Set<String>
  ) async throws -> Written {
    try await write(entity: old.entity, bases: bases) { transaction in
      try await transaction.execute(
        Self.replace, [.int(old.number), .int(old.message.version), .bytes(message.encoded())]
      ).first.map(Self.definition)
    } otherwise: {
      .changedMeanwhile
    }
  }

  private static let replace = Statement(
    name: "targetings.replace",
    sql: """
      UPDATE targetings
      SET definition = $3, version = version + 1, updated_at = now()
      WHERE number = $1 AND version = $2
      RETURNING \(columns)
      """)

  /// Serializable: two changes at once that together would close a circle do not both hold.
  private nonisolated(nonsending) func write(
    entity: Int64, bases: Set<String>,
    _ body: nonisolated(nonsending) (Transaction) async throws -> TargetingDefinition?, otherwise: () -> Written
  ) async throws -> Written {
    do {
      return try await database.transaction(as: .entity(entity), isolation: .serializable) { transaction in
        guard let written = try await body(transaction) else { return otherwise() }
        try await transaction.execute(Self.forgetBases, [.int(written.number)])
        let found = try await transaction.execute(
          Self.keepBases, [.int(entity), .int(written.number), .textArray(bases.sorted().map(Optional.some))])
        if found.count < bases.count { throw Refused.baseIsGone }
        if try await !transaction.execute(Self.circle, [.int(written.number)]).isEmpty { throw Refused.isCircular }
        return .written(written)
      }
    } catch Refused.baseIsGone {
      return .baseIsGone
    } catch Refused.isCircular {
      return .isCircular
    }
  }

  /// Rolls the transaction back.
  private enum Refused: Error {
    case baseIsGone
    case isCircular
  }

  private static let forgetBases = Statement(
    name: "targetings.forget_bases", sql: "DELETE FROM targeting_bases WHERE targeting = $1")

  private static let keepBases = Statement(
    name: "targetings.keep_bases",
    sql: """
      INSERT INTO targeting_bases (entity, targeting, base)
      SELECT $1, $2, number
      FROM targetings
      WHERE entity = $1 AND id = ANY ($3)
      RETURNING base
      """)

  private static let circle = Statement(
    name: "targetings.circle",
    sql: """
      WITH RECURSIVE reached (number) AS (
        SELECT base FROM targeting_bases WHERE targeting = $1
        UNION
        SELECT base FROM targeting_bases JOIN reached ON targeting = reached.number
      )
      SELECT number FROM reached WHERE number = $1
      """)

  // MARK: - Deleting

  /// What came of deleting a targeting.
  enum Deletion: Sendable {
    case deleted
    /// The name of one that is built on it.
    case isBase(of: String)
    case notFound
  }

  /// Deletes a targeting that no other is built on.
  func delete(_ id: String, entity: Int64) async throws -> Deletion {
    try await entities.ensure(entity)
    return try await database.transaction(as: .entity(entity), isolation: .serializable) { transaction in
      if let user = try await transaction.execute(Self.builtOn, [.int(entity), .text(id)]).first {
        return .isBase(of: try Self.definition(user).message.name)
      }
      let deleted = try await transaction.execute(Self.delete, [.int(entity), .text(id)])
      return deleted.isEmpty ? .notFound : .deleted
    }
  }

  private static let builtOn = Statement(
    name: "targetings.built_on",
    sql: """
      SELECT \(columns)
      FROM targetings
      WHERE number = (
        SELECT min(targeting_bases.targeting)
        FROM targeting_bases
        JOIN targetings AS base ON base.number = targeting_bases.base
        WHERE base.entity = $1 AND base.id = $2)
      """)

  private static let delete = Statement(
    name: "targetings.delete",
    sql: """
      DELETE FROM targetings
      WHERE entity = $1 AND id = $2
      RETURNING number
      """)
}
