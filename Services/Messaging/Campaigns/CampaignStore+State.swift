internal import Database
internal import Messages
internal import Populations
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

extension CampaignStore {
  /// Whom a mass campaign goes to.
  struct Audience: Sendable {
    let population: InternalV1.Population
    let count: Int64
  }

  /// Launches a campaign, once for each request id.
  ///
  /// - Parameter audience: of a mass campaign.
  /// - Throws: ``RPCError`` NOT_FOUND; FAILED_PRECONDITION when it is no draft.
  func launch(
    _ id: String, name: ResourceName, audience: Audience?, once: Once<MessagingV1.LaunchCampaignRequest>,
    requests: RequestLedger, now: Timestamp
  ) async throws -> MessagingV1.Campaign {
    try await database.transaction(as: .entity(once.scope.id)) { transaction in
      try await requests.once(once.key, once.request, in: transaction) {
        guard let campaign = try await Self.lock(id, entity: once.scope.id, in: transaction) else {
          throw RPCError.notFound(name)
        }
        guard campaign.isDraft else { throw RPCError.campaignWasLaunched(name.description) }
        if let audience { try await Self.keep(audience, of: campaign, in: transaction) }
        let rows = try await transaction.execute(
          Self.activate,
          [
            .int(campaign.number), .timestamp(now), .int(audience?.count ?? 0), .bool(audience != nil),
            .text(once.scope.timeZone),
          ])
        guard let row = rows.first else { throw RPCError.notFound(name) }
        return try Self.record(row).message
      }
    }
  }

  private static let activate = Statement(
    name: "campaigns.launch",
    sql: """
      UPDATE campaigns
      SET state = \(campaign: .active), launched_at = $2, updated_at = $2,
        audience = $3, is_gathering = $4, time_zone = $5
      WHERE number = $1
      RETURNING \(columns)
      """)

  private static func keep(
    _ audience: Audience, of campaign: CampaignRecord, in transaction: Transaction
  ) async throws {
    try await transaction.execute(
      insertAudience,
      [
        .int(campaign.number), .int(campaign.entity.id), .bytes(audience.population.bitmap),
        .int(Int64(audience.population.checksum)),
      ])
  }

  private static let insertAudience = Statement(
    name: "audiences.create",
    sql: "INSERT INTO audiences (campaign, entity, population, checksum) VALUES ($1, $2, $3, $4)")

  /// Puts a campaign into another state; it stays where it is already in it. Nil when there is none.
  ///
  /// Cancelling settles in the same transaction every message that has not left.
  ///
  /// - Parameters:
  ///   - from: the states that it may come from.
  ///   - action: for the error: `paused`.
  /// - Throws: ``RPCError`` FAILED_PRECONDITION from another state.
  func move(
    _ id: String, entity: Int64, to state: MessagingV1.CampaignState, from: Set<MessagingV1.CampaignState>,
    action: String, now: Timestamp
  ) async throws -> CampaignRecord? {
    try await roles.ensure(entity)
    return try await database.transaction(as: .entity(entity)) { transaction in
      guard let old = try await Self.lock(id, entity: entity, in: transaction) else { return nil }
      if old.message.state == state { return old }
      guard from.contains(old.message.state) else {
        throw RPCError.campaignIs(old.message.state, old.message.name, so: action)
      }
      let rows = try await transaction.execute(
        Self.moveStatement, [.int(old.number), .int(Int64(state.rawValue)), .timestamp(now)])
      if state == .cancelled {
        try await transaction.execute(Self.cancelMessages, [.int(old.number), .timestamp(now)])
      }
      return try rows.first.map(Self.record)
    }
  }

  private static let moveStatement = Statement(
    name: "campaigns.move",
    sql: "UPDATE campaigns SET state = $2, updated_at = $3 WHERE number = $1 RETURNING \(columns)")

  // Those that are being handed over have left. None begins to be meanwhile: that asks for a lock of the campaign, too.
  private static let cancelMessages = Statement(
    name: "campaigns.cancelMessages",
    sql: """
      UPDATE messages
      SET state = \(message: .notSent), reason = \(reason: .cancelled), settled_at = $2, call_values = NULL
      WHERE campaign = $1 AND state = \(message: .waiting)
        AND NOT EXISTS (SELECT FROM in_hand WHERE message = messages.id AND is_handing)
      """)

  /// Completes mass campaigns of which every message is settled.
  func complete(now: Timestamp) async throws {
    try await database.write(Self.complete, [.timestamp(now)], as: .worker)
  }

  private static let complete = Statement(
    name: "campaigns.complete",
    sql: """
      UPDATE campaigns
      SET state = \(campaign: .completed), updated_at = $1
      WHERE state = \(campaign: .active) AND kind = \(kind: .mass) AND NOT is_gathering
        AND NOT EXISTS (
          SELECT FROM messages
          WHERE campaign = campaigns.number AND state = \(message: .waiting))
      """)

  // MARK: - Audience

  /// Makes messages for the next profiles of an audience that some have none of yet. Copies may call at once; a part of an
  /// audience goes to one.
  ///
  /// - Returns: whether there may be more.
  func gather(limit: Int, now: Timestamp) async throws -> Bool {
    try await database.transaction(as: .worker) { transaction in
      guard let row = try await transaction.execute(Self.nextAudience).first else { return false }
      let campaign = try row.int(0)
      var message = InternalV1.Population()
      message.bitmap = try row.bytes(1)
      message.checksum = UInt32(truncatingIfNeeded: try row.int(2))
      let last = UInt32(truncatingIfNeeded: try row.int(3))
      let profiles = try Population(message).ids(after: last == 0 ? nil : last, limit: limit)
      try await transaction.execute(
        Self.makeMessages, [.int(campaign), .intArray(profiles.map { Int64($0) }), .timestamp(now)])
      if let end = profiles.last, profiles.count == limit {
        try await transaction.execute(Self.advance, [.int(campaign), .int(Int64(end))])
      } else {
        try await transaction.execute(pipelined: [(Self.dropAudience, [.int(campaign)]), (Self.end, [.int(campaign)])])
      }
      return true
    }
  }

  private static let nextAudience = Statement(
    name: "audiences.next",
    sql: """
      SELECT campaign, population, checksum, last_profile
      FROM audiences
      ORDER BY campaign
      LIMIT 1
      FOR UPDATE SKIP LOCKED
      """)

  // A campaign that was cancelled meanwhile keeps its sum: the rest is not sent for that reason. Its row is locked against
  // a cancellation that would miss the messages made here.
  private static let makeMessages = Statement(
    name: "audiences.makeMessages",
    sql: """
      WITH campaign AS (
        SELECT number, entity, profile_table, state = \(campaign: .cancelled) AS is_cancelled
        FROM campaigns
        WHERE number = $1
        FOR SHARE)
      INSERT INTO messages (entity, campaign, profile_table, profile, state, reason, due_at, created_at, settled_at)
      SELECT campaign.entity, campaign.number, campaign.profile_table, wanted.profile,
        CASE WHEN is_cancelled THEN \(message: .notSent) ELSE \(message: .waiting) END,
        CASE WHEN is_cancelled THEN \(reason: .cancelled) ELSE 0 END, $3::timestamptz, $3::timestamptz,
        CASE WHEN is_cancelled THEN $3::timestamptz END
      FROM campaign CROSS JOIN unnest($2::bigint[]) AS wanted (profile)
      ORDER BY wanted.profile
      """)

  private static let advance = Statement(
    name: "audiences.advance", sql: "UPDATE audiences SET last_profile = $2 WHERE campaign = $1")
  private static let dropAudience = Statement(
    name: "audiences.drop", sql: "DELETE FROM audiences WHERE campaign = $1")
  private static let end = Statement(
    name: "audiences.end", sql: "UPDATE campaigns SET is_gathering = false WHERE number = $1")
}
