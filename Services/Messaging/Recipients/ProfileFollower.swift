internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Forgets profiles that are gone, as Profiles tells it. Counts stay: a message without a profile is still a message.
struct ProfileFollower: LogEffect {
  let database: Database
  let profiles: ProfileDirectory
  let requests: RequestLedger
  let time: any TimeSource

  var types: [String] { [InternalV1.ProfileDeleted.descriptor.name, InternalV1.ProfileTableDeleted.descriptor.name] }

  func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws {
    for event in events {
      switch event.type {
      case InternalV1.ProfileDeleted.descriptor.name:
        let deleted = try InternalV1.ProfileDeleted(decoding: event.body)
        try await forget(deleted.profiles, of: deleted.profileTable, in: transaction)
      case InternalV1.ProfileTableDeleted.descriptor.name:
        let deleted = try InternalV1.ProfileTableDeleted(decoding: event.body)
        try await forget(nil, of: deleted.profileTable, in: transaction)
      default: break
      }
    }
  }

  /// - Parameter profiles: nil: all of the table.
  private func forget(_ profiles: [UInt32]?, of table: Int64, in transaction: Transaction) async throws {
    let numbers = profiles.map { SQLValue.intArray($0.map { Int64($0) }) } ?? .null
    // The messages first: whoever records what a recipient does locks them.
    try await transaction.execute(Self.messages, [.int(table), numbers, .timestamp(time.now)])
    for statement in Self.behaviour { try await transaction.execute(statement, [.int(table), numbers]) }
    for profile in profiles ?? [] { try await requests.forget(profile: profile, of: table, in: transaction) }
  }

  // What is being handed over is settled by the mail server's answer.
  private static let messages = Statement(
    name: "follower.messages",
    sql: """
      UPDATE messages
      SET profile = 0, call_values = NULL, server_answer = '', language = '',
        state = CASE WHEN state IN (1, 2) THEN 5 ELSE state END,
        reason = CASE WHEN state IN (1, 2) THEN 10 ELSE reason END,
        settled_at = CASE WHEN state IN (1, 2) THEN $3::timestamptz ELSE settled_at END
      WHERE profile_table = $1 AND ($2::bigint[] IS NULL OR profile = ANY ($2)) AND profile <> 0
      """)

  private static let behaviour = ["opens", "clicks", "unsubscribes"].map { table in
    Statement(
      name: "follower.\(table)",
      sql: """
        UPDATE \(table)
        SET profile = 0\(table == "clicks" ? ", url = ''" : "")
        WHERE profile_table = $1 AND ($2::bigint[] IS NULL OR profile = ANY ($2)) AND profile <> 0
        """)
  }

  // MARK: - After a gap

  /// The most profiles that are asked for at once.
  private static let batch = 1_000

  func rebuild() async throws {
    for row in try await database.read(Self.tables, [], as: .worker) {
      let (number, entity, key) = (try row.int(0), try row.int(1), try row.text(2))
      let campaign = try MessagingV1.Campaign(decoding: row.bytes(3))
      var last: Int64 = 0
      while case let known = try await profileNumbers(in: number, behind: last), let end = known.last {
        last = Int64(end)
        let gone = try await missing(
          known, of: campaign.profileTable, entity: Principal.Entity(id: entity, key: key))
        try await database.transaction(as: .worker) { try await forget(gone, of: number, in: $0) }
      }
    }
  }

  private static let tables = Statement(
    name: "follower.tables",
    sql: "SELECT DISTINCT ON (profile_table) profile_table, entity, entity_key, definition FROM campaigns")

  private func profileNumbers(in table: Int64, behind last: Int64) async throws -> [UInt32] {
    try await database.read(Self.numbers, [.int(table), .int(last), .int(Int64(Self.batch))], as: .worker)
      .map { UInt32(truncatingIfNeeded: try $0.int(0)) }
  }

  private static let numbers = Statement(
    name: "follower.profiles",
    sql: """
      SELECT DISTINCT profile
      FROM messages
      WHERE profile_table = $1 AND profile > $2 AND profile <> 0
      ORDER BY profile
      LIMIT $3
      """)

  private func missing(_ known: [UInt32], of table: String, entity: Principal.Entity) async throws -> [UInt32] {
    do {
      let found = try await profiles.read(known, in: table, entity: entity)
      return known.filter { found[$0] == nil }
    } catch let error as RPCError where error.code == .notFound {
      return known
    }
  }
}
