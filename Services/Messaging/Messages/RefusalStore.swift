internal import Database
internal import Mail
internal import Messages
internal import ServiceKit
internal import Values

/// Knows whom no message goes to for reasons that are Messaging's own: quarantine, blacklist, earlier contacts.
struct RefusalStore: Sendable {
  /// How long an address rests that a server refused for good.
  static let hardBounceRest = Duration.seconds(16 * 7 * 86_400)

  let database: Database
  let links: Links

  /// Why a message of a campaign would not go to a profile now; nil when it would.
  func reason(
    for recipient: Recipient, in campaign: CampaignRecord, now: Timestamp
  ) async throws -> MessagingV1.NotSentReason? {
    if let reason = recipient.refusal(by: campaign.message) { return reason }
    return try await reasons(for: [.init(message: .max, recipient: recipient)], in: campaign, now: now)[.max]?.reason
  }

  /// A message, and whom it would go to.
  struct Candidate: Sendable {
    let message: Int64
    let recipient: Recipient
  }

  /// What keeps a message.
  enum Verdict: Sendable, Hashable {
    case refused(MessagingV1.NotSentReason)
    /// An earlier message of the campaign to the same profile is not settled: what becomes of it decides.
    case undecided

    var reason: MessagingV1.NotSentReason? {
      if case .refused(let reason) = self { reason } else { nil }
    }
  }

  /// What keeps messages, by number; those that nothing keeps are left out.
  ///
  /// - Complexity: one round trip.
  func reasons(
    for candidates: [Candidate], in campaign: CampaignRecord, now: Timestamp
  ) async throws -> [Int64: Verdict] {
    let hashes = candidates.map { links.hash(ofAddress: $0.recipient.address?.description ?? "") }
    let ids = candidates.map(\.message)
    // A transactional message is what a profile must be told, as often as there is something to tell.
    let isRepeatable = campaign.message.kind == .transactional
    let rows = try await database.read(
      Self.verdicts,
      [
        .int(campaign.number), .int(campaign.entity.id), .timestamp(now), .intArray(ids),
        .intArray(candidates.map { Int64($0.recipient.id) }), .bytesArray(hashes), .bool(isRepeatable),
      ], as: .worker)
    var verdicts: [Int64: Verdict] = [:]
    for row in rows {
      switch try row.int(1) {
      case 0: verdicts[try row.int(0)] = .undecided
      case let reason: verdicts[try row.int(0)] = .refused(.init(rawValue: Int32(clamping: reason)))
      }
    }
    return verdicts
  }

  // Of two messages of a campaign to a profile, the earlier number goes first: whoever looks sees the same order.
  private static let verdicts = Statement(
    name: "refusals.verdicts",
    sql: """
      SELECT id, verdict
      FROM (
        SELECT wanted.id,
          CASE
            WHEN kept.quarantined_until > $3 THEN \(reason: .quarantined)
            WHEN kept.blacklisted_at IS NOT NULL THEN \(reason: .blacklisted)
            WHEN $7 THEN NULL
            WHEN earlier.was_reached THEN \(reason: .alreadyContacted)
            WHEN earlier.is_open THEN 0
          END AS verdict
        FROM unnest($4::bigint[], $5::bigint[], $6::bytea[]) AS wanted (id, profile, hash)
        LEFT JOIN suppressions AS kept ON kept.entity = $2 AND kept.address_hash = wanted.hash
        CROSS JOIN LATERAL (
          SELECT bool_or(state IN (\(message: .sent, .unknown))) AS was_reached,
            bool_or(state = \(message: .waiting)) AS is_open
          FROM messages
          WHERE campaign = $1 AND profile = wanted.profile AND profile <> 0 AND id < wanted.id
            AND profile_table = (SELECT profile_table FROM campaigns WHERE number = $1)
        ) AS earlier
      ) AS judged
      WHERE verdict IS NOT NULL
      """)

  /// Lets an address rest that a server refused for good.
  func quarantine(_ address: String, entity: Int64, now: Timestamp) async throws {
    try await database.write(
      Self.rest,
      [
        .int(entity), .bytes(links.hash(ofAddress: address)), .timestamp(now.advanced(by: Self.hardBounceRest)),
      ], as: .worker)
  }

  private static let rest = Statement(
    name: "refusals.quarantine",
    sql: """
      INSERT INTO suppressions (entity, address_hash, quarantined_until)
      VALUES ($1, $2, $3)
      ON CONFLICT (entity, address_hash)
        DO UPDATE SET quarantined_until = greatest(suppressions.quarantined_until, $3)
      """)
}
