internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables

/// Forgets profiles that are gone. Counts stay: a message without a profile is still a message.
struct MessageForgetting: ProfileForgetting {
  let database: Database
  let profiles: Peer
  let requests: RequestLedger
  let time: any TimeSource

  func forget(_ gone: GoneProfiles, in transaction: Transaction) async throws {
    let table = SQLValue.int(gone.profileTable)
    let numbers = gone.numbers.map { SQLValue.intArray($0) } ?? .null
    // The messages first: whoever records what a recipient does locks them.
    try await transaction.execute(Self.lock, [table, numbers])
    try await transaction.execute(Self.messages, [table, numbers, .timestamp(time.now)])
    for statement in Self.behaviour { try await transaction.execute(statement, [table, numbers]) }
    if let numbers = gone.numbers {
      try await requests.forget(
        profiles: numbers.map { UInt32(clamping: $0) }, of: gone.profileTable, in: transaction)
    }
  }

  private static let ofProfiles =
    "profile_table = $1 AND ($2::bigint[] IS NULL OR profile = ANY ($2)) AND profile <> 0"

  // Handing over locks a message as well: so the next statement sees which of them are being handed over.
  private static let lock = Statement(
    name: "follower.lock",
    sql: "SELECT count(*) FROM (SELECT FROM messages WHERE \(ofProfiles) FOR NO KEY UPDATE) AS locked")

  // What is being handed over is settled by the mail server's answer.
  private static let messages = Statement(
    name: "follower.messages",
    sql: """
      UPDATE messages
      SET profile = 0, call_values = NULL, server_answer = '', language = '',
        state = CASE WHEN \(waits) THEN \(message: .notSent) ELSE state END,
        reason = CASE WHEN \(waits) THEN \(reason: .profileGone) ELSE reason END,
        settled_at = CASE WHEN \(waits) THEN $3::timestamptz ELSE settled_at END
      WHERE \(ofProfiles)
      """)

  private static let waits =
    "state = \(message: .waiting) AND NOT EXISTS (SELECT FROM in_hand WHERE message = id AND is_handing)"

  private static let behaviour = Behaviour.allCases.map { behaviour in
    Statement(
      name: "follower.\(behaviour.table)",
      sql: """
        UPDATE \(behaviour.table)
        SET profile = 0\(behaviour.forgetting)
        WHERE \(ofProfiles)
        """)
  }

  // MARK: - After a gap

  /// The most profiles that are asked for at once.
  private static let batch = 1_000

  func places() async throws -> [Place] {
    try await database.read(Self.tables, [], as: .worker).map { row in
      Place(
        profileTable: try row.int(0), scope: Principal.Entity(id: try row.int(1), key: try row.text(2)),
        name: try MessagingV1.Campaign(decoding: row.bytes(3)).profileTable)
    }
  }

  private static let tables = Statement(
    name: "follower.tables",
    sql: "SELECT DISTINCT ON (profile_table) profile_table, entity, entity_key, definition FROM campaigns")

  func profiles(in place: Place, behind last: Int64) async throws -> [Int64] {
    let parameters: [SQLValue] = [.int(place.profileTable), .int(last), .int(Int64(Self.batch))]
    return try await database.read(Self.numbers, parameters, as: .worker).map { try $0.int(0) }
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

  func resolve(_ keys: [TypeV1.Value], in place: Place) async throws -> [UInt32] {
    var request = InternalV1.ResolveProfilesRequest()
    request.profileTable = place.name
    request.keys = keys
    return try await profiles.call(
      InternalV1.ProfileDirectoryService.resolveProfiles, request, entity: place.scope
    ).ids
  }
}

extension MessageForgetting {
  /// A profile table that campaigns are sent to.
  struct Place: ProfilePlace {
    let profileTable: Int64
    let scope: Principal.Entity
    /// The profile table's resource name.
    let name: String

    var entity: Int64 { scope.id }
  }
}
