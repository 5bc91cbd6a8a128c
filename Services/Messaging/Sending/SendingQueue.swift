internal import Database
internal import Messages
internal import ServiceKit
internal import Values

/// The messages that wait to be sent, and who has them in hand.
///
/// A message goes waiting → claimed → handing → sent, not sent or unknown. What is claimed or handing has a row in `in_hand`,
/// which names a worker, whose row says until when it lives, by PostgreSQL's clock. When that has passed, what it had claimed
/// waits again, and what it was handing over is unknown: the mail server may have it. A worker that wakes after that finds
/// its messages gone, because each step asks for its number.
struct SendingQueue: Sendable {
  /// How long a worker lives without a word.
  static let life = Duration.seconds(6)

  let database: Database
  /// What ``commit(_:handing:worker:now:)`` writes down.
  let commits: GroupCommit<Note>
  /// Where the next claim looks.
  let places = ClaimPlaces()

  init(database: Database) {
    self.database = database
    commits = GroupCommit(database: database)
  }

  // MARK: - Workers

  /// Enters a worker; gives its number.
  func enter(copy: String) async throws -> Int64 {
    try await database.write(Self.enter, [.text(copy), .int(Self.life.components.seconds)], as: .worker)
      .first.map { try $0.int(0) } ?? 0
  }

  private static let enter = Statement(
    name: "sending.enter",
    sql: """
      INSERT INTO workers (copy, alive_until)
      VALUES ($1, now() + $2::bigint * interval '1 second')
      RETURNING number
      """)

  /// Says that a worker lives; false when it was given up meanwhile.
  func renew(_ worker: Int64) async throws -> Bool {
    !(try await database.write(Self.renew, [.int(worker), .int(Self.life.components.seconds)], as: .worker)).isEmpty
  }

  private static let renew = Statement(
    name: "sending.renew",
    sql: """
      UPDATE workers
      SET alive_until = now() + $2::bigint * interval '1 second'
      WHERE number = $1
      RETURNING number
      """)

  /// Gives a worker up, in order: what it has claimed waits again.
  func leave(_ worker: Int64, now: Timestamp) async throws {
    try await giveUp(Self.remove, [.int(worker)], now: now)
  }

  private static let remove = Statement(
    name: "sending.leave", sql: "DELETE FROM workers WHERE number = $1 RETURNING number")

  /// Gives up workers that said nothing for too long.
  func sweep(now: Timestamp) async throws {
    try await giveUp(Self.removeSilent, [], now: now)
  }

  private static let removeSilent = Statement(
    name: "sending.sweep", sql: "DELETE FROM workers WHERE alive_until < now() RETURNING number")

  private func giveUp(_ removal: Statement, _ parameters: [SQLValue], now: Timestamp) async throws {
    try await database.transaction(as: .worker) { transaction in
      let gone = try await transaction.execute(removal, parameters).map { try $0.int(0) }
      if gone.isEmpty { return }
      try await transaction.execute(Self.recover, [.intArray(gone), .timestamp(now)])
    }
  }

  // A message that is unknown keeps who lost it: that one's answer may still come.
  private static let recover = Statement(
    name: "sending.recover",
    sql: """
      WITH gone AS (
        DELETE FROM in_hand
        WHERE worker = ANY ($1::bigint[])
        RETURNING message, worker, is_handing, language)
      UPDATE messages
      SET state = \(message: .unknown), settled_at = $2::timestamptz, worker = gone.worker,
        language = CASE WHEN profile = 0 THEN '' ELSE gone.language END
      FROM gone
      WHERE id = gone.message AND is_handing AND state = \(message: .waiting)
      """)

  // MARK: - Campaigns

  /// Campaigns that have something to send now, though others may have it in hand.
  func campaignsWithWork(now: Timestamp) async throws -> [Int64] {
    try await database.read(Self.withWork, [.timestamp(now)], as: .worker).map { try $0.int(0) }
  }

  // A clock that was set back lengthens no hold. Whether something waits is asked of each campaign by itself: a join could
  // look through what waits of others. Whether somebody has it in hand is not asked: that could be thousands.
  private static let withWork = Statement(
    name: "sending.campaigns",
    sql: """
      SELECT number
      FROM campaigns
      LEFT JOIN paces ON paces.campaign = campaigns.number
      WHERE state = \(campaign: .active)
        AND (
          SELECT true
          FROM messages
          WHERE campaign = campaigns.number AND state = \(message: .waiting) AND due_at <= $1
          LIMIT 1)
        AND (held_until > $1 AND held_until <= $1 + \(holding)) IS NOT TRUE
      ORDER BY number
      """)

  /// How long a campaign is held back that cannot be sent at all.
  private static let holding = "interval '1 minute'"

  /// Holds a campaign back that cannot be sent now, so that it keeps no other waiting.
  ///
  /// - Parameter obstacle: why, in a sentence for people that names no person.
  func hold(_ campaign: Int64, obstacle: String, now: Timestamp) async throws {
    try await database.write(Self.hold, [.int(campaign), .timestamp(now), .text(obstacle)], as: .worker)
  }

  private static let hold = Statement(
    name: "sending.hold",
    sql: """
      INSERT INTO paces (campaign, held_until, obstacle)
      SELECT number, $2::timestamptz + \(holding), $3
      FROM campaigns
      WHERE number = $1
      ON CONFLICT (campaign) DO UPDATE SET held_until = EXCLUDED.held_until, obstacle = EXCLUDED.obstacle
      """)

  /// Notes at every campaign with something to send what keeps all of them from leaving.
  func note(obstacle: String, now: Timestamp) async throws {
    let campaigns = try await campaignsWithWork(now: now)
    try await database.write(
      Self.noteObstacle, [.intArray(campaigns.map(Optional.some)), .text(obstacle)], as: .worker)
  }

  private static let noteObstacle = Statement(
    name: "sending.obstacle",
    sql: """
      INSERT INTO paces (campaign, obstacle)
      SELECT number, $2
      FROM campaigns
      WHERE number = ANY ($1::bigint[])
      ON CONFLICT (campaign) DO UPDATE SET obstacle = EXCLUDED.obstacle
        WHERE paces.obstacle <> EXCLUDED.obstacle
      """)

  /// Notes that a campaign's messages leave.
  func flows(_ campaign: Int64) async throws {
    try await database.write(Self.noObstacle, [.int(campaign)], as: .worker)
  }

  private static let noObstacle = Statement(
    name: "sending.noObstacle", sql: "UPDATE paces SET obstacle = '' WHERE campaign = $1 AND obstacle <> ''")

  /// Whether other messages of a campaign than these are still to be sent.
  func hasOthers(than messages: [Int64], of campaign: Int64) async throws -> Bool {
    let parameters: [SQLValue] = [.int(campaign), .intArray(messages.map(Optional.some))]
    return try await database.read(Self.others, parameters, as: .worker).first?.bool(0) ?? false
  }

  private static let others = Statement(
    name: "sending.others",
    sql: """
      SELECT EXISTS (
        SELECT FROM messages
        WHERE campaign = $1 AND state = \(message: .waiting) AND id <> ALL ($2::bigint[]))
      """)

  /// Takes the next moment at which a message of a campaign may leave: an interval behind the one before, whoever took
  /// that, and never in the past. So a stall of whatever length is followed by no burst.
  ///
  /// - Returns: nil when the campaign is gone.
  func takeSlot(of campaign: Int64, interval: Duration, now: Timestamp) async throws -> Timestamp? {
    let microseconds = interval / .microseconds(1)
    return try await database.write(
      Self.takeSlot, [.int(campaign), .timestamp(now), .int(Int64(microseconds))], as: .worker
    ).first?.timestamp(0)
  }

  // No slot is ten seconds away, unless a clock was set back or differs from another copy's by so much.
  private static let takeSlot = Statement(
    name: "sending.takeSlot",
    sql: """
      INSERT INTO paces (campaign, next_slot)
      SELECT number, $2::timestamptz + $3::bigint * interval '1 microsecond'
      FROM campaigns
      WHERE number = $1
      ON CONFLICT (campaign) DO UPDATE
        SET next_slot = $3::bigint * interval '1 microsecond'
          + CASE
              WHEN paces.next_slot BETWEEN $2 AND $2::timestamptz + interval '10 seconds' THEN paces.next_slot
              ELSE $2::timestamptz
            END
      RETURNING next_slot - $3::bigint * interval '1 microsecond'
      """)

  /// Puts messages back that a worker has claimed.
  ///
  /// - Parameter dueAt: when they are due again.
  func release(_ ids: [Int64], worker: Int64, dueAt: Timestamp) async throws {
    if ids.isEmpty { return }
    try await database.write(
      Self.releaseStatement, [.intArray(ids.map(Optional.some)), .int(worker), .timestamp(dueAt)], as: .worker)
  }

  private static let releaseStatement = Statement(
    name: "sending.release",
    sql: """
      WITH mine AS (
        DELETE FROM in_hand
        WHERE message = ANY ($1::bigint[]) AND worker = $2 AND NOT is_handing
        RETURNING message)
      UPDATE messages
      SET due_at = $3
      WHERE id = ANY ($1::bigint[]) AND id IN (SELECT message FROM mine)
      """)
}
