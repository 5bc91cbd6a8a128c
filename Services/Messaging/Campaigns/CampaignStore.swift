internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// Keeps campaigns' definitions and where each stands.
struct CampaignStore: Sendable {
  let database: Database
  let roles: EntityRoles

  static let columns = """
    number, entity, entity_key, time_zone, definition, state, version, created_at, updated_at, launched_at, sender,
      profile_table, audience, messages_per_second
    """

  // MARK: - Reading

  func find(_ id: String, entity: Int64) async throws -> CampaignRecord? {
    try await roles.ensure(entity)
    return try await database.read(Self.byID, [.int(entity), .text(id)], as: .entity(entity)).first.map(Self.record)
  }

  private static let byID = Statement(
    name: "campaigns.find", sql: "SELECT \(columns) FROM campaigns WHERE entity = $1 AND id = $2")

  /// The campaign of a number, for work that no caller stands behind.
  func find(number: Int64) async throws -> CampaignRecord? {
    try await database.read(Self.byNumber, [.int(number)], as: .worker).first.map(Self.record)
  }

  private static let byNumber = Statement(
    name: "campaigns.byNumber", sql: "SELECT \(columns) FROM campaigns WHERE number = $1")

  /// Campaigns of one entity by id, behind `after`.
  func list(entity: Int64, after: String, limit: Int) async throws -> [CampaignRecord] {
    try await roles.ensure(entity)
    return try await database.read(
      Self.inOrder, [.int(entity), .text(after), .int(Int64(limit))], as: .entity(entity)
    ).map(Self.record)
  }

  private static let inOrder = Statement(
    name: "campaigns.list",
    sql: """
      SELECT \(columns)
      FROM campaigns
      WHERE entity = $1 AND id > $2 COLLATE "C"
      ORDER BY id COLLATE "C"
      LIMIT $3
      """)

  static func record(_ row: Row) throws -> CampaignRecord {
    var message = try MessagingV1.Campaign(decoding: row.bytes(4))
    message.state = MessagingV1.CampaignState(rawValue: Int32(clamping: try row.int(5)))
    message.version = try row.int(6)
    message.createTime = try row.timestamp(7).message
    message.updateTime = try row.timestamp(8).message
    message.launchTime = try row.optionalTimestamp(9)?.message
    message.messagesPerSecond = Int32(clamping: try row.int(13))
    return CampaignRecord(
      number: try row.int(0),
      entity: Principal.Entity(id: try row.int(1), key: try row.text(2), timeZone: try row.text(3)),
      message: message, senderNumber: try row.int(10), profileTableNumber: try row.int(11), audience: try row.int(12))
  }

  // MARK: - Changing

  /// - Returns: nil when the id is taken.
  func create(
    _ campaign: MessagingV1.Campaign, id: String, entity: Principal.Entity, sender: Int64, profileTable: Int64,
    now: Timestamp
  ) async throws -> CampaignRecord? {
    try await roles.ensure(entity.id)
    return try await database.write(
      Self.insert,
      [
        .int(entity.id), .text(id), .text(entity.key), .text(entity.timeZone),
        .bytes(try Self.kept(campaign).encoded()), .int(Int64(campaign.kind.rawValue)),
        .int(Int64(MessagingV1.CampaignState.draft.rawValue)), .int(sender), .int(profileTable),
        .int(Int64(campaign.messagesPerSecond)), .timestamp(now),
      ], as: .entity(entity.id)
    ).first.map(Self.record)
  }

  private static let insert = Statement(
    name: "campaigns.create",
    sql: """
      INSERT INTO campaigns (entity, id, entity_key, time_zone, definition, kind, state, sender, profile_table,
        messages_per_second, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
      ON CONFLICT (entity, lower(id)) DO NOTHING
      RETURNING \(columns)
      """)

  /// What is kept of a definition: not what has a column of its own.
  private static func kept(_ campaign: MessagingV1.Campaign) -> MessagingV1.Campaign {
    var kept = campaign
    kept.state = .unspecified
    kept.version = 0
    kept.createTime = nil
    kept.updateTime = nil
    kept.launchTime = nil
    return kept
  }

  /// A change of a campaign, which is locked.
  struct Change: Sendable {
    var campaign: MessagingV1.Campaign
    var sender: Int64
  }

  /// Changes a campaign's definition in one transaction; nil when there is none.
  ///
  /// - Parameter change: gets the campaign as it is; throws to leave it so.
  func update(
    _ id: String, entity: Principal.Entity, now: Timestamp, _ change: @Sendable (CampaignRecord) throws -> Change
  ) async throws -> CampaignRecord? {
    try await roles.ensure(entity.id)
    return try await database.transaction(as: .entity(entity.id)) { transaction in
      guard let old = try await Self.lock(id, entity: entity.id, in: transaction) else { return nil }
      let new = try change(old)
      return try await transaction.execute(
        Self.replace,
        [
          .int(old.number), .bytes(try Self.kept(new.campaign).encoded()), .int(new.sender),
          .int(Int64(new.campaign.messagesPerSecond)), .timestamp(now), .text(entity.timeZone),
        ]
      ).first.map(Self.record)
    }
  }

  private static let replace = Statement(
    name: "campaigns.update",
    sql: """
      UPDATE campaigns
      SET definition = $2, sender = $3, messages_per_second = $4, updated_at = $5, time_zone = $6,
        version = version + 1
      WHERE number = $1
      RETURNING \(columns)
      """)

  static func lock(
    _ id: String, entity: Int64, in transaction: Transaction
  ) async throws -> CampaignRecord? {
    try await transaction.execute(lock, [.int(entity), .text(id)]).first.map(record)
  }

  private static let lock = Statement(
    name: "campaigns.lock",
    sql: "SELECT \(columns) FROM campaigns WHERE entity = $1 AND id = $2 FOR NO KEY UPDATE")

  /// Deletes a campaign with its messages; nil when there is none.
  ///
  /// - Parameter check: throws to keep it.
  func delete(
    _ id: String, entity: Int64, _ check: @Sendable (CampaignRecord) throws -> Void
  ) async throws -> Bool {
    try await roles.ensure(entity)
    return try await database.transaction(as: .entity(entity)) { transaction in
      guard let campaign = try await Self.lock(id, entity: entity, in: transaction) else { return false }
      try check(campaign)
      try await transaction.execute(Self.remove, [.int(campaign.number)])
      return true
    }
  }

  private static let remove = Statement(name: "campaigns.delete", sql: "DELETE FROM campaigns WHERE number = $1")
}
