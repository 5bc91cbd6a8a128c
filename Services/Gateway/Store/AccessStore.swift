import Database
import Messages
import Values

/// Keeps entities, keys and the record of what was done to them, in the schema `gateway`.
///
/// Everything runs as the worker role: the gateway has no table of a single entity.
struct AccessStore: Sendable {
  /// The channel of NOTIFY that tells the copies of a new revision. Schemas share the database's channels.
  static let channel = "gateway_access"

  /// The gateway's database.
  let database: Database

  /// A store in a migrated schema.
  init(_ database: Database) {
    self.database = database
  }

  private static let selectRevision = Statement(
    name: "access.revision",
    sql: """
      select revision
      from access_state
      """)

  /// The revision of what is committed now.
  ///
  /// - Throws: ``DatabaseError``.
  func revision() async throws -> Int64 {
    guard let row = try await database.read(Self.selectRevision, as: .worker).first else {
      throw AccessStoreError.notMigrated
    }
    return try row.int(0)
  }

  private static let selectEntities = Statement(
    name: "access.entities",
    sql: """
      select number, id, display_name, time_zone, create_time, update_time
      from entities
      """)

  private static let selectKeys = Statement(
    name: "access.keys",
    sql: """
      select number, secret_hash, display_name, expire_time, revoke_time, create_time
      from keys
      """)

  private static let selectGrants = Statement(
    name: "access.grants",
    sql: """
      select key, entity, module, "right"
      from key_grants
      order by key, place
      """)

  /// All entities and keys as they stand at one instant.
  ///
  /// - Throws: ``DatabaseError``.
  func load() async throws -> AccessView {
    let results = try await database.transaction(as: .worker, isolation: .repeatableRead, readOnly: true) { transaction in
      try await transaction.execute(pipelined: [
        (Self.selectRevision, []), (Self.selectEntities, []), (Self.selectKeys, []), (Self.selectGrants, []),
      ])
    }
    guard results.count == 4, let revision = results[0].first else { throw AccessStoreError.notMigrated }
    var grants: [Int64: [AccessGrant]] = [:]
    for row in results[3] { grants[try row.int(0), default: []].append(try AccessGrant(row: row, from: 1)) }
    return AccessView(
      revision: try revision.int(0),
      entities: try results[1].map { try EntityRecord(row: $0) },
      keys: try results[2].map { row in try KeyRecord(row: row, grants: grants[try row.int(0)] ?? []) })
  }
}

/// The store found something that no call can cause.
enum AccessStoreError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The schema has no state row.
  case notMigrated

  var description: String { "The schema of the gateway is not migrated." }
}

extension EntityRecord {
  /// From number, id, display_name, time_zone, create_time, update_time.
  init(row: Row) throws {
    self.init(
      number: try row.int(0), id: try row.text(1), displayName: try row.text(2), timeZone: try row.text(3),
      createTime: try row.timestamp(4), updateTime: try row.timestamp(5))
  }
}

extension KeyRecord {
  /// From number, secret_hash, display_name, expire_time, revoke_time, create_time.
  init(row: Row, grants: [AccessGrant]) throws {
    self.init(
      number: try row.int(0), displayName: try row.text(2), secretHash: try row.bytes(1), grants: grants,
      expireTime: try row.optionalTimestamp(3), revokeTime: try row.optionalTimestamp(4),
      createTime: try row.timestamp(5))
  }
}

extension AccessGrant {
  /// From entity, module, right, beginning at a column.
  init(row: Row, from column: Int) throws {
    self.init(
      try row.optionalInt(column).map(Scope.entity) ?? .everywhere,
      OptionsV1.Module(rawValue: Int32(truncatingIfNeeded: try row.int(column + 1))),
      OptionsV1.Right(rawValue: Int32(truncatingIfNeeded: try row.int(column + 2))))
  }
}
