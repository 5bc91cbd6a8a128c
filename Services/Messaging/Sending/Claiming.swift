internal import Database
internal import Messages
internal import Synchronization
internal import Values

extension SendingQueue {
  /// A message that was claimed.
  struct Claimed: Sendable, Hashable {
    let id: Int64
    let profile: UInt32
    /// How often it was tried before.
    let attempts: Int
    let values: [UInt8]?
  }

  /// Messages of one campaign that were claimed.
  struct Batch: Sendable {
    let campaign: Int64
    let messages: [Claimed]
    /// How long after one message the next may leave; nil: at once.
    let interval: Duration?
  }

  /// Claims messages of a campaign, those that are due longest first. Copies may call at once; a message goes to one.
  ///
  /// Of a campaign with a rate, no more are claimed than may leave within a second, and about twice as many by all
  /// together: one batch leaves while the next is made, and other campaigns find somebody free.
  func claim(from campaign: Int64, worker: Int64, limit: Int, now: Timestamp) async throws -> Batch? {
    let place = places.place(in: campaign, now: now)
    if let batch = try await claim(from: campaign, behind: place, worker: worker, limit: limit, now: now) {
      return batch
    }
    if place == .beginning { return nil }
    return try await claim(from: campaign, behind: .beginning, worker: worker, limit: limit, now: now)
  }

  private func claim(
    from campaign: Int64, behind place: ClaimPlaces.Place, worker: Int64, limit: Int, now: Timestamp
  ) async throws -> Batch? {
    let claim = try await database.transaction(as: .worker) { transaction -> Claim? in
      guard let row = try await transaction.execute(Self.campaign, [.int(campaign)]).first else { return nil }
      let (rate, claimed) = (Int(try row.int(0)), Int(try row.int(1)))
      let most = rate > 0 ? min(limit, rate, 2 * rate - claimed) : limit
      guard most > 0 else { return nil }
      let parameters: [SQLValue] = [
        .int(campaign), .int(worker), .int(Int64(most)), .timestamp(now), .timestamp(place.dueAt), .int(place.message),
      ]
      return Claim(rate: rate, most: most, rows: try await transaction.execute(Self.claim, parameters))
    }
    guard let claim else { return nil }
    places.claimed(from: campaign, behind: place, upTo: try claim.last, now: now)
    return claim.rows.isEmpty ? nil : try claim.batch(of: campaign)
  }

  /// What a claim was about, and the rows that it gave.
  private struct Claim: Sendable {
    let rate: Int
    let most: Int
    let rows: [Row]

    /// The last message; nil where none is behind it.
    var last: ClaimPlaces.Place? {
      get throws {
        if rows.count < most { return nil }
        return try rows.map { ClaimPlaces.Place(dueAt: try $0.timestamp(4), message: try $0.int(0)) }.max()
      }
    }

    func batch(of campaign: Int64) throws -> Batch {
      let messages = try rows.map { row in
        Claimed(
          id: try row.int(0), profile: UInt32(truncatingIfNeeded: try row.int(1)), attempts: Int(try row.int(2)),
          values: try row.optionalBytes(3))
      }
      let interval = rate > 0 ? Duration.microseconds((1_000_000 + rate - 1) / rate) : nil
      return Batch(campaign: campaign, messages: messages.sorted { $0.id < $1.id }, interval: interval)
    }
  }

  private static let campaign = Statement(
    name: "sending.campaign",
    sql: """
      SELECT messages_per_second,
        CASE
          WHEN messages_per_second > 0 THEN (
            SELECT count(*)
            FROM in_hand
            WHERE campaign = $1 AND NOT is_handing)
          ELSE 0
        END
      FROM campaigns
      WHERE number = $1 AND state = \(campaign: .active)
      """)

  // A worker that was given up claims nothing any more. The claim is on disk before anything is made of it: were it forgotten
  // when PostgreSQL breaks down, the same worker could claim a message twice, and two of its couriers hand it over. What is
  // in hand is asked of each message by itself: a join could look through all that is, since the plan was made while that
  // was nothing.
  private static let claim = Statement(
    name: "sending.claim",
    sql: """
      WITH due AS (
        SELECT id, entity, profile, attempts, call_values, due_at
        FROM messages
        WHERE campaign = $1 AND state = \(message: .waiting) AND due_at <= $4
          AND (due_at, id) > ($5::timestamptz, $6::bigint)
          AND (SELECT message FROM in_hand WHERE message = messages.id) IS NULL
          AND EXISTS (SELECT FROM workers WHERE number = $2 FOR KEY SHARE)
        ORDER BY due_at, id
        LIMIT $3
        FOR NO KEY UPDATE OF messages SKIP LOCKED),
      claimed AS (
        INSERT INTO in_hand (message, entity, campaign, worker)
        SELECT id, entity, $1, $2
        FROM due
        -- Another has claimed it since this began.
        ON CONFLICT DO NOTHING
        RETURNING message)
      SELECT id, profile, attempts, call_values, due_at
      FROM due
      WHERE id = ANY (ARRAY(SELECT message FROM claimed))
      """)
}

/// Where the next claim of each campaign's messages looks: behind those that the last one took, for before them thousands
/// may be in hand, which every claim would pass over again.
///
/// Only a hint: a message may come to be due before its place, when a worker was given up or a transaction ended late. So
/// a claim that finds nothing looks from the beginning, and so does one after a second.
final class ClaimPlaces: Sendable {
  /// A message's place among those of its campaign.
  struct Place: Sendable, Hashable, Comparable {
    let dueAt: Timestamp
    let message: Int64

    /// Before all messages.
    static let beginning = Self(dueAt: .epoch, message: 0)

    static func < (left: Self, right: Self) -> Bool {
      (left.dueAt, left.message) < (right.dueAt, right.message)
    }
  }

  private struct Entry {
    let place: Place
    /// When a claim last looked from the beginning.
    let since: Timestamp
  }

  private static let life = Duration.seconds(1)

  private let entries = Mutex<[Int64: Entry]>([:])

  /// Where a claim shall look.
  func place(in campaign: Int64, now: Timestamp) -> Place {
    entries.withLock { entries in
      guard let entry = entries[campaign], entry.since <= now, now < entry.since.advanced(by: Self.life) else {
        entries[campaign] = nil
        return .beginning
      }
      return entry.place
    }
  }

  /// Notes what a claim took.
  ///
  /// - Parameter last: nil: there was no more.
  func claimed(from campaign: Int64, behind place: Place, upTo last: Place?, now: Timestamp) {
    entries.withLock { entries in
      guard let last else {
        entries[campaign] = nil
        return
      }
      if let entry = entries[campaign] {
        entries[campaign] = Entry(place: max(entry.place, last), since: entry.since)
      } else if place == .beginning {
        entries[campaign] = Entry(place: last, since: now)
      }
    }
  }
}
