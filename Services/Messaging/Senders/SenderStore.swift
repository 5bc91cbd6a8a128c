internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// A sender as it is kept.
struct SenderRecord: Sendable {
  let number: Int64
  let message: MessagingV1.Sender
}

/// Keeps senders.
struct SenderStore: Sendable {
  let database: Database
  let roles: EntityRoles

  private static let columns = "number, id, display_name, email_address, reply_to, created_at, updated_at"

  /// - Returns: nil when the id is taken.
  func create(
    _ sender: MessagingV1.Sender, id: String, entity: Principal.Entity, now: Timestamp
  ) async throws -> SenderRecord? {
    try await roles.ensure(entity.id)
    return try await database.write(
      Self.insert,
      [
        .int(entity.id), .text(id), .text(sender.displayName), .text(sender.emailAddress), .text(sender.replyTo),
        .timestamp(now),
      ], as: .entity(entity.id)
    ).first.map { try Self.record($0, entity.key) }
  }

  private static let insert = Statement(
    name: "senders.create",
    sql: """
      INSERT INTO senders (entity, id, display_name, email_address, reply_to, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $6)
      ON CONFLICT (entity, lower(id)) DO NOTHING
      RETURNING \(columns)
      """)

  func find(_ id: String, entity: Principal.Entity) async throws -> SenderRecord? {
    try await roles.ensure(entity.id)
    return try await database.read(Self.byID, [.int(entity.id), .text(id)], as: .entity(entity.id))
      .first.map { try Self.record($0, entity.key) }
  }

  private static let byID = Statement(
    name: "senders.find",
    sql: "SELECT \(columns) FROM senders WHERE entity = $1 AND id = $2")

  /// The sender of a number, for work that no caller stands behind.
  func find(number: Int64, entity: Principal.Entity) async throws -> SenderRecord? {
    try await database.read(Self.byNumber, [.int(number)], as: .worker)
      .first.map { try Self.record($0, entity.key) }
  }

  private static let byNumber = Statement(
    name: "senders.byNumber", sql: "SELECT \(columns) FROM senders WHERE number = $1")

  /// Senders of one entity by id, behind `after`.
  func list(entity: Principal.Entity, after: String, limit: Int) async throws -> [SenderRecord] {
    try await roles.ensure(entity.id)
    return try await database.read(
      Self.inOrder, [.int(entity.id), .text(after), .int(Int64(limit))], as: .entity(entity.id)
    ).map { try Self.record($0, entity.key) }
  }

  private static let inOrder = Statement(
    name: "senders.list",
    sql: """
      SELECT \(columns)
      FROM senders
      WHERE entity = $1 AND id > $2 COLLATE "C"
      ORDER BY id COLLATE "C"
      LIMIT $3
      """)

  /// Changes a sender in one transaction; nil when there is none.
  func update(
    _ id: String, entity: Principal.Entity, now: Timestamp,
    _ change: @Sendable (MessagingV1.Sender) throws -> MessagingV1.Sender
  ) async throws -> SenderRecord? {
    try await roles.ensure(entity.id)
    return try await database.transaction(as: .entity(entity.id)) { transaction in
      let rows = try await transaction.execute(Self.lock, [.int(entity.id), .text(id)])
      guard let old = try rows.first.map({ try Self.record($0, entity.key) }) else { return nil }
      let new = try change(old.message)
      return try await transaction.execute(
        Self.change,
        [.int(old.number), .text(new.displayName), .text(new.emailAddress), .text(new.replyTo), .timestamp(now)]
      ).first.map { try Self.record($0, entity.key) }
    }
  }

  private static let lock = Statement(
    name: "senders.lock", sql: "SELECT \(columns) FROM senders WHERE entity = $1 AND id = $2 FOR NO KEY UPDATE")

  private static let change = Statement(
    name: "senders.update",
    sql: """
      UPDATE senders
      SET display_name = $2, email_address = $3, reply_to = $4, updated_at = $5
      WHERE number = $1
      RETURNING \(columns)
      """)

  /// What became of a deletion.
  enum Deletion: Sendable, Hashable {
    case deleted, notFound
    case isUsed(by: String)
  }

  func delete(_ id: String, entity: Principal.Entity) async throws -> Deletion {
    try await roles.ensure(entity.id)
    do {
      let rows = try await database.write(Self.remove, [.int(entity.id), .text(id)], as: .entity(entity.id))
      return rows.isEmpty ? .notFound : .deleted
    } catch let error as DatabaseError where error.kind == .foreignKeyViolation {
      let user = try await database.read(Self.user, [.int(entity.id), .text(id)], as: .entity(entity.id))
      return .isUsed(by: "entities/\(entity.key)/campaigns/\(try user.first?.text(0) ?? "")")
    }
  }

  private static let remove = Statement(
    name: "senders.delete", sql: "DELETE FROM senders WHERE entity = $1 AND id = $2 RETURNING number")

  private static let user = Statement(
    name: "senders.user",
    sql: """
      SELECT campaigns.id
      FROM campaigns
      JOIN senders ON senders.number = campaigns.sender
      WHERE senders.entity = $1 AND senders.id = $2
      LIMIT 1
      """)

  private static func record(_ row: Row, _ entityKey: String) throws -> SenderRecord {
    var sender = MessagingV1.Sender()
    sender.name = "entities/\(entityKey)/senders/\(try row.text(1))"
    sender.displayName = try row.text(2)
    sender.emailAddress = try row.text(3)
    sender.replyTo = try row.text(4)
    sender.createTime = try row.timestamp(5).message
    sender.updateTime = try row.timestamp(6).message
    return SenderRecord(number: try row.int(0), message: sender)
  }
}
