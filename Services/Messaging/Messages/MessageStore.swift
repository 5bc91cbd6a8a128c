internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Keeps messages as callers see them.
struct MessageStore: Sendable {
  let database: Database
  let requests: RequestLedger

  /// Which messages of a campaign a listing holds.
  struct Filter: Sendable {
    /// Unspecified: all.
    var state = MessagingV1.MessageState.unspecified
    /// 0: all.
    var profile: Int64 = 0
  }

  /// Messages of a campaign by number, behind `after`.
  func list(
    of campaign: CampaignRecord, _ filter: Filter, after: Int64, limit: Int
  ) async throws -> [(id: Int64, message: MessagingV1.Message)] {
    var parameters: [SQLValue] = [.int(campaign.number), .int(after), .int(Int64(limit))]
    var conditions = ""
    func add(_ column: String, _ value: Int64) {
      parameters.append(.int(value))
      conditions += " AND \(column) = $\(parameters.count)"
    }
    if let place = Self.place(of: filter.state) {
      conditions += " AND state = \(message: .waiting) AND \(place)"
    } else if filter.state != .unspecified {
      add("state", Int64(filter.state.rawValue))
    }
    if filter.profile != 0 {
      add("profile_table", campaign.profileTableNumber)
      add("profile", filter.profile)
      conditions += " AND profile <> 0"
    }
    return try await database.read(Self.inOrder(conditions), parameters, as: .entity(campaign.entity.id))
      .map { (try $0.int(0), try Self.message($0, of: campaign)) }
  }

  // Only what is asked for stands in it: a condition that may be none would keep PostgreSQL from the index it has.
  private static func inOrder(_ conditions: String) -> Statement {
    Statement(
      name: "messages.list",
      sql: """
        SELECT \(columns(state: seenState))
        FROM messages
        LEFT JOIN in_hand ON message = id
        WHERE messages.campaign = $1 AND id > $2\(conditions)
        ORDER BY id
        LIMIT $3
        """)
  }

  /// What tells messages apart that are waiting by their own row; nil for those in another state.
  private static func place(of state: MessagingV1.MessageState) -> String? {
    switch state {
    case .waiting: "in_hand.message IS NULL"
    case .claimed: "NOT is_handing"
    case .handing: "is_handing"
    default: nil
    }
  }

  /// The state as callers see it.
  private static let seenState = """
    CASE
      WHEN state <> \(message: .waiting) OR message IS NULL THEN state
      WHEN is_handing THEN \(message: .handing)
      ELSE \(message: .claimed)
    END
    """

  private static func columns(state: String) -> String {
    "id, profile, \(state), reason, server_answer, messages.language, created_at, accepted_at"
  }

  /// Records a message to one profile, once for each request id. It leaves by itself; that of a paused campaign, once it
  /// is resumed.
  ///
  /// - Throws: ``RPCError`` FAILED_PRECONDITION when the campaign is neither active nor paused.
  func create<Request, Reply>(
    in campaign: CampaignRecord, profile: UInt32, values: [String: TypeV1.Value], once: Once<Request>, now: Timestamp,
    reply: @Sendable (MessagingV1.Message) -> Reply
  ) async throws -> Reply where Reply: Message {
    try await database.transaction(as: .entity(campaign.entity.id)) { transaction in
      try await requests.once(key(once, campaign, profile), once.request, in: transaction) {
        reply(try await Self.create(in: campaign, profile: profile, values: values, now: now, transaction))
      }
    }
  }

  /// The step that ``create(in:profile:values:once:now:reply:)`` does once.
  static func create(
    in campaign: CampaignRecord, profile: UInt32, values: [String: TypeV1.Value], now: Timestamp,
    _ transaction: Transaction
  ) async throws -> MessagingV1.Message {
    let rows = try await transaction.execute(pipelined: [
      (turn, [.int(campaign.number), .int(Int64(profile))]),
      (
        insert,
        [
          .int(campaign.number), .int(Int64(profile)), try kept(values).map(SQLValue.bytes) ?? .null, .timestamp(now),
        ]
      ),
    ])
    guard let row = rows[1].first else { throw RPCError.campaignIsNotActive(campaign.message.name) }
    return try message(row, of: campaign)
  }

  // Messages of a campaign to one profile are made one after the other, so that whoever sees one sees all with lower
  // numbers: the earliest alone is sent.
  private static let turn = Statement(
    name: "messages.turn",
    sql: "SELECT pg_advisory_xact_lock(hashtextextended('messages ' || $1::bigint || ' ' || $2::bigint, 0))")

  // The reply names a profile, so it goes with it.
  private func key<Request>(
    _ once: Once<Request>, _ campaign: CampaignRecord, _ profile: UInt32
  ) -> RequestLedger.Key {
    var key = once.key
    key.profileTable = campaign.profileTableNumber
    key.profile = profile
    return key
  }

  private static let insert = Statement(
    name: "messages.create",
    sql: """
      INSERT INTO messages (entity, campaign, profile_table, profile, call_values, due_at, created_at)
      SELECT entity, number, profile_table, $2::bigint, $3::bytea, $4::timestamptz, $4::timestamptz
      FROM campaigns
      WHERE number = $1 AND state IN (\(campaign: .active, .paused))
      -- Against a cancellation that would miss this message.
      FOR SHARE
      RETURNING \(columns(state: "state"))
      """)

  /// The values of a call as they are kept: in a message that has a map of them. Nil for none.
  static func kept(_ values: [String: TypeV1.Value]) throws -> [UInt8]? {
    if values.isEmpty { return nil }
    var message = InternalV1.SendCampaignRequest()
    message.values = values
    return try message.encoded()
  }

  /// The values of a call, as they were kept.
  static func values(_ kept: [UInt8]?) throws -> [String: TypeV1.Value] {
    guard let kept else { return [:] }
    return try InternalV1.SendCampaignRequest(decoding: kept).values
  }

  private static func message(_ row: Row, of campaign: CampaignRecord) throws -> MessagingV1.Message {
    var message = MessagingV1.Message()
    message.name = "\(campaign.message.name)/messages/\(try row.int(0))"
    let profile = try row.int(1)
    if profile != 0 { message.profile = "\(campaign.message.profileTable)/profiles/\(profile)" }
    message.state = MessagingV1.MessageState(rawValue: Int32(clamping: try row.int(2)))
    message.notSentReason = MessagingV1.NotSentReason(rawValue: Int32(clamping: try row.int(3)))
    message.serverAnswer = try row.text(4)
    message.language = try row.text(5)
    message.createTime = try row.timestamp(6).message
    message.acceptTime = try row.optionalTimestamp(7)?.message
    return message
  }
}
