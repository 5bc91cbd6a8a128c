import Database
import Messages
import Values

/// Reads a log from cursors on. It keeps where one follower is.
struct LogReader: Sendable {
  /// What one reading gave.
  enum Reading: Sendable {
    /// Events, in order within each partition, and the cursors after them. Without events the cursors may still have moved.
    case batch([InternalV1.LogEvent], cursors: [Int: Int64])
    /// Nothing new.
    case nothing
    /// The cursors cannot be followed.
    case rebuild(InternalV1.RebuildReason)
  }

  private(set) var epoch: Int64
  private var cursors: [Int64]
  private let types: [String]
  /// Where the next reading begins, so that busy partitions do not starve the others.
  private var start = 0

  /// Events of a reading, over all partitions.
  private static let batch = 1_000
  /// Events of a partition that a reading looks at, wanted or not.
  private static let window: Int64 = 20_000

  /// - Parameters:
  ///   - cursors: positions by partition; those left out start at the log's first event.
  ///   - types: the wanted types; empty: all.
  init(epoch: Int64, cursors: [Int: Int64], types: [String]) {
    self.epoch = epoch
    self.types = types
    self.cursors = (0..<Log.partitions).map { cursors[$0] ?? 0 }
  }

  /// Where the log ends now, and its epoch: where a follower starts that has just rebuilt.
  static func heads(in database: Database) async throws -> (epoch: Int64, cursors: [Int: Int64]) {
    var epoch: Int64 = 0
    var cursors: [Int: Int64] = [:]
    for row in try await database.read(heads, [], as: .worker) {
      epoch = try row.int(0)
      cursors[Int(try row.int(1))] = try row.int(2)
    }
    return (epoch, cursors)
  }

  /// Compares epoch and cursors with the log's.
  func verdict(in database: Database) async throws -> InternalV1.RebuildReason {
    let rows = try await database.read(Self.heads, [], as: .worker)
    for row in rows {
      let reason = verdict(
        epoch: try row.int(0), last: try row.int(2), dropped: try row.int(3), cursor: cursors[Int(try row.int(1))])
      if reason != .unspecified {
        return reason
      }
    }
    return .unspecified
  }

  private func verdict(epoch: Int64, last: Int64, dropped: Int64, cursor: Int64) -> InternalV1.RebuildReason {
    // A cursor past the end can only come from a log that was restored without its epoch being raised.
    if (self.epoch != 0 && epoch != self.epoch) || cursor > last {
      return .epoch
    }
    return cursor < dropped ? .tooFarBehind : .unspecified
  }

  /// Reads on.
  mutating func next(in database: Database) async throws -> Reading {
    let order = (0..<Log.partitions).map { ($0 + start) % Log.partitions }
    start = (start + 7) % Log.partitions
    let rows = try await database.read(
      Self.read,
      [
        .intArray(order.map { Int64($0) }), .intArray(order.map { cursors[$0] }),
        types.isEmpty ? .null : .textArray(types), .int(Int64(Self.batch)), .int(Self.window),
      ], as: .worker)
    guard !rows.isEmpty else {
      return .nothing
    }
    return try take(rows)
  }

  private mutating func take(_ rows: [Row]) throws -> Reading {
    var events: [InternalV1.LogEvent] = []
    var moved: [Int: Int64] = [:]
    for row in rows {
      let partition = Int(try row.int(0))
      let reason = verdict(
        epoch: try row.int(1), last: try row.int(2), dropped: try row.int(3), cursor: cursors[partition])
      guard reason == .unspecified else {
        return .rebuild(reason)
      }
      if let position = try row.optionalInt(5) {
        events.append(try InternalV1.LogEvent(row, partition: partition, position: position))
        moved[partition] = position
      }
      // With the partition's last row comes how far the reading looked.
      if let reached = try row.optionalInt(4) {
        moved[partition] = reached
      }
    }
    epoch = try rows[0].int(1)
    for (partition, position) in moved {
      cursors[partition] = position
    }
    return .batch(events, cursors: moved)
  }

  private static let heads = Statement(
    name: "log.heads",
    sql: """
      SELECT s.epoch, p.partition, p.last, p.dropped
      FROM log_partitions AS p CROSS JOIN log_state AS s
      """)

  // One statement, so one snapshot: what a partition holds and how far it goes belong together. Each partition that has
  // something new gives its events and then a row of its own that tells how far it was read: to the window's end, or to
  // the last event taken when there may be more. Without a row from a partition there was nothing new in it.
  private static let read = Statement(
    name: "log.read",
    sql: """
      WITH behind AS MATERIALIZED (
        SELECT c.partition, c.position, c.place, p.last, p.dropped, s.epoch,
          greatest(1, $4::bigint / count(*) OVER ()) AS share, least(p.last, c.position + $5::bigint) AS reach
        FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS c(partition, position, place)
        JOIN log_partitions AS p ON p.partition = c.partition
        CROSS JOIN log_state AS s
        WHERE p.last <> c.position
      ), found AS MATERIALIZED (
        SELECT b.place, e.*
        FROM behind AS b
        CROSS JOIN LATERAL (
          SELECT e.partition, e.position, e.time, e.type, e.body, e.entity, e.profile_table, e.profile
          FROM log_events AS e
          WHERE e.partition = b.partition AND e.position > b.position AND e.position <= b.reach
            AND ($3::text[] IS NULL OR e.type = ANY ($3::text[]))
          ORDER BY e.position
          LIMIT b.share) AS e
      )
      SELECT b.partition, b.epoch, b.last, b.dropped, NULL::bigint, f.position, f.time, f.type, f.body, f.entity,
        f.profile_table, f.profile, b.place
      FROM behind AS b JOIN found AS f ON f.place = b.place
      UNION ALL
      SELECT b.partition, b.epoch, b.last, b.dropped,
        CASE WHEN count(f.position) < b.share THEN b.reach ELSE max(f.position) END,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, b.place
      FROM behind AS b LEFT JOIN found AS f ON f.place = b.place
      GROUP BY b.partition, b.epoch, b.last, b.dropped, b.share, b.reach, b.place
      ORDER BY 13, 6 NULLS LAST
      """)
}

extension InternalV1.LogEvent {
  fileprivate init(_ row: Row, partition: Int, position: Int64) throws {
    self.init()
    self.partition = UInt32(partition)
    self.position = position
    time = GoogleProtobuf.Timestamp(try row.timestamp(6))
    type = try row.text(7)
    body = try row.bytes(8)
    entity = try row.int(9)
    profileTable = try row.int(10)
    profile = UInt32(truncatingIfNeeded: try row.int(11))
  }
}

extension GoogleProtobuf.Timestamp {
  fileprivate init(_ timestamp: Timestamp) {
    self.init()
    let (seconds, rest) = timestamp.microsecondsSinceEpoch.quotientAndRemainder(dividingBy: 1_000_000)
    self.seconds = rest < 0 ? seconds - 1 : seconds
    nanos = Int32(rest < 0 ? rest + 1_000_000 : rest) * 1_000
  }
}
