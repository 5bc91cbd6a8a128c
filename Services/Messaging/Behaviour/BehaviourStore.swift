internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// Keeps what recipients did: opened, clicked, unsubscribed.
struct BehaviourStore: Sendable {
  /// The most opens of a message that are kept, and clicks on one of its links: of people as many as of programs. Further
  /// ones would tell nothing new, and whoever has a link could fill the disk with them.
  static let mostOfAKind = 100

  let database: Database
  let campaigns: CampaignStore

  /// A message, as a link finds it.
  struct Found: Sendable {
    let id: Int64
    let profile: UInt32
    let campaign: CampaignRecord
    let values: [UInt8]?
    let language: String
  }

  /// The message that a link is of; nil when there is none, or its profile is gone.
  func find(_ link: Links.Link) async throws -> Found? {
    guard link.profile != 0,
      let row = try await database.read(
        Self.byLink, [.int(link.message), .int(Int64(link.profile))], as: .worker
      ).first,
      let campaign = try await campaigns.find(number: row.int(0))
    else { return nil }
    return Found(
      id: link.message, profile: link.profile, campaign: campaign, values: try row.optionalBytes(1),
      language: try row.text(2))
  }

  private static let byLink = Statement(
    name: "messages.byLink",
    sql: """
      SELECT messages.campaign, call_values, coalesce(in_hand.language, messages.language)
      FROM messages
      LEFT JOIN in_hand ON message = id
      WHERE id = $1 AND profile = $2
      """)

  // MARK: - Recording

  /// Records that a message was opened.
  func opened(_ message: Int64, byMachine: Bool, now: Timestamp) async throws {
    try await database.write(Self.open, [.int(message), .bool(byMachine), .timestamp(now)], as: .worker)
  }

  /// Records a click, and where it led.
  func clicked(_ message: Int64, url: String, byMachine: Bool, now: Timestamp) async throws {
    try await database.write(
      Self.click, [.int(message), .bool(byMachine), .timestamp(now), .text(url)], as: .worker)
  }

  // The message is locked against the follower of Profiles: either it finds what is recorded here, or the profile is gone
  // and nothing is.
  private static let open = Statement(
    name: "opens.create",
    sql: """
      INSERT INTO opens (entity, campaign, message, profile_table, profile, by_machine, happened_at)
      SELECT entity, campaign, id, profile_table, profile, $2::boolean, $3::timestamptz
      FROM messages
      WHERE id = $1 AND profile <> 0 AND \(isRoom(in: "opens", "by_machine = $2"))
      FOR SHARE
      """)

  private static let click = Statement(
    name: "clicks.create",
    sql: """
      INSERT INTO clicks (entity, campaign, message, profile_table, profile, by_machine, url, happened_at)
      SELECT entity, campaign, id, profile_table, profile, $2::boolean, $4::text, $3::timestamptz
      FROM messages
      WHERE id = $1 AND profile <> 0 AND \(isRoom(in: "clicks", "by_machine = $2 AND url = $4"))
      FOR SHARE
      """)

  private static func isRoom(in table: String, _ kind: String) -> String {
    "(SELECT count(*) FROM (SELECT FROM \(table) WHERE message = $1 AND \(kind) LIMIT \(mostOfAKind)) AS kept)"
      + " < \(mostOfAKind)"
  }

  // MARK: - Unsubscribing

  /// An unsubscription that the profile does not know of yet.
  struct Pending: Sendable {
    let id: Int64
    let message: Int64
    let campaign: Int64
    let profile: UInt32
    let revision: Int64
  }

  /// Records that somebody unsubscribed by a message; each time it asks for a change of the profile. Nil when the profile is
  /// gone.
  func unsubscribed(_ message: Int64, now: Timestamp) async throws -> Pending? {
    try await database.write(Self.unsubscribe, [.int(message), .timestamp(now)], as: .worker).first.map(Self.pending)
  }

  private static let pendingColumns = "id, message, campaign, profile, revision"

  private static let unsubscribe = Statement(
    name: "unsubscribes.create",
    sql: """
      INSERT INTO unsubscribes (entity, campaign, message, profile_table, profile, by_machine, happened_at)
      SELECT entity, campaign, id, profile_table, profile, false, $2::timestamptz
      FROM messages
      WHERE id = $1 AND profile <> 0
      FOR SHARE
      ON CONFLICT (message) DO UPDATE SET revision = unsubscribes.revision + 1
      RETURNING \(pendingColumns)
      """)

  /// Unsubscriptions that the profile does not know of, by number.
  func pending(behind last: Int64, limit: Int) async throws -> [Pending] {
    try await database.read(Self.openUnsubscribes, [.int(last), .int(Int64(limit))], as: .worker).map(Self.pending)
  }

  private static let openUnsubscribes = Statement(
    name: "unsubscribes.pending",
    sql: """
      SELECT \(pendingColumns)
      FROM unsubscribes
      WHERE applied < revision AND profile <> 0 AND id > $1
      ORDER BY id
      LIMIT $2
      """)

  /// Notes that the profile knows.
  func applied(_ pending: Pending) async throws {
    try await database.write(Self.apply, [.int(pending.id), .int(pending.revision)], as: .worker)
  }

  private static let apply = Statement(
    name: "unsubscribes.applied", sql: "UPDATE unsubscribes SET applied = greatest(applied, $2) WHERE id = $1")

  private static func pending(_ row: Row) throws -> Pending {
    Pending(
      id: try row.int(0), message: try row.int(1), campaign: try row.int(2),
      profile: UInt32(truncatingIfNeeded: try row.int(3)), revision: try row.int(4))
  }
}
