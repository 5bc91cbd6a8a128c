import Database
import Messages
import Values

extension AccessChange {
  private static let reserveKey = Statement(
    name: "access.reserve_key",
    sql: """
      select nextval(pg_get_serial_sequence('keys', 'number'))
      """)

  /// A number for a key to be made; it is used once, by whom it was given to, or never.
  func reserveKeyNumber() async throws -> Int64 {
    guard let row = try await transaction.execute(Self.reserveKey).first else { throw AccessStoreError.notMigrated }
    return try row.int(0)
  }

  private static let insertKey = Statement(
    name: "access.create_key",
    sql: """
      insert into keys (number, secret_hash, display_name, expire_time, create_time)
      overriding system value
      values ($1, $2, $3, $4, $5)
      """)

  /// Makes a key with a reserved number.
  func create(_ key: KeyRecord) async throws {
    try await transaction.execute(
      Self.insertKey,
      [
        .int(key.number), .bytes(key.secretHash), .text(key.displayName), .optional(key.expireTime),
        .timestamp(key.createTime),
      ])
    try await insert(key.grants, ofKey: key.number)
  }

  private static let selectKey = Statement(
    name: "access.key",
    sql: """
      select number, secret_hash, display_name, expire_time, revoke_time, create_time
      from keys
      where number = $1
      """)

  private static let selectGrants = Statement(
    name: "access.key_grants",
    sql: """
      select entity, module, "right"
      from key_grants
      where key = $1
      order by place
      """)

  /// The key of a number, if there is one.
  func key(number: Int64) async throws -> KeyRecord? {
    let results = try await transaction.execute(pipelined: [
      (Self.selectKey, [.int(number)]), (Self.selectGrants, [.int(number)]),
    ])
    return try results[0].first.map { row in
      try KeyRecord(row: row, grants: results[1].map { try AccessGrant(row: $0, from: 0) })
    }
  }

  private static let updateKey = Statement(
    name: "access.update_key",
    sql: """
      update keys
      set display_name = $2,
        expire_time = $3,
        revoke_time = $4
      where number = $1
      """)

  private static let deleteGrants = Statement(
    name: "access.delete_grants",
    sql: """
      delete from key_grants
      where key = $1
      """)

  /// Keeps all of a key that can change.
  func update(_ key: KeyRecord) async throws {
    try await transaction.execute(pipelined: [
      (
        Self.updateKey,
        [.int(key.number), .text(key.displayName), .optional(key.expireTime), .optional(key.revokeTime)]
      ),
      (Self.deleteGrants, [.int(key.number)]),
    ])
    try await insert(key.grants, ofKey: key.number)
  }

  private static let insertGrants = Statement(
    name: "access.insert_grants",
    sql: """
      insert into key_grants (key, place, entity, module, "right")
      select $1, line.place, line.entity, line.module, line."right"
      from unnest($2::integer[], $3::bigint[], $4::integer[], $5::integer[])
        as line (place, entity, module, "right")
      """)

  private func insert(_ grants: [AccessGrant], ofKey number: Int64) async throws {
    try await transaction.execute(
      Self.insertGrants,
      [
        .int(number), .intArray(grants.indices.map { Int64($0) }),
        .intArray(grants.map { if case .entity(let number) = $0.scope { number } else { nil } }),
        .intArray(grants.map { Int64($0.module.rawValue) }), .intArray(grants.map { Int64($0.right.rawValue) }),
      ])
  }

  private static let selectAdministrator = Statement(
    name: "access.administrator",
    sql: """
      select count(*)
      from keys
      where revoke_time is null
        and (expire_time is null or expire_time > $1)
        and exists (
          select
          from key_grants
          where key = keys.number
            and entity is null
            and module = $2
            and "right" = $3
        )
      """)

  /// Whether a key that holds may administer access everywhere.
  func hasAdministrator() async throws -> Bool {
    let rows = try await transaction.execute(
      Self.selectAdministrator,
      [
        .timestamp(origin.time), .int(Int64(OptionsV1.Module.access.rawValue)),
        .int(Int64(OptionsV1.Right.administer.rawValue)),
      ])
    return try (rows.first?.int(0) ?? 0) > 0
  }
}
