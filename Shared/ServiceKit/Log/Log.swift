package import Database
import Values

/// What happened in one service, in the order of commits within each partition, for those who act on it.
///
/// A change writes its events unnumbered into the outbox, in its own transaction; the ``Sequencer`` numbers what was
/// committed and moves it to the log; ``LogServer`` sends it to ``Follower``s in other services. Nothing is skipped,
/// however long a transaction stays open: it has no number before it is committed.
package enum Log {
  /// Partitions of every log, numbered from 0.
  package static let partitions = 64
  /// The largest body of an event, in bytes. Bulk work writes ids as ranges or bitmaps and splits what is larger.
  package static let largestBody = 256 * 1024
  /// How long events are kept.
  package static let memory = Duration.seconds(14 * 86_400)

  /// The partition of a profile: multiplicative hashing of its id, the same for all time and in all services.
  package static func partition(ofProfile profile: UInt32) -> Int {
    Int((profile &* 2_654_435_769) >> 26)
  }

  /// Writes events in the transaction of their change, in order.
  ///
  /// Call it after the change's own statements: an event's place among those of the same profile is taken when the row's
  /// lock is already held, so that it is that of the commits.
  ///
  /// - Throws: ``DatabaseError``; `.invalidValue` for a body above ``largestBody``.
  package static func append(_ events: [LogEntry], in transaction: Transaction) async throws {
    guard !events.isEmpty else {
      return
    }
    _ = try await transaction.execute(
      append,
      [
        .intArray(events.map { Int64($0.partition) }),
        .textArray(events.map(\.type)),
        .bytesArray(events.map(\.body)),
        .intArray(events.map(\.entity)),
        .intArray(events.map(\.profileTable)),
        .intArray(events.map { Int64($0.profile) }),
      ])
  }

  // The numbers are drawn one by one in the array's order, from a sequence without cache.
  private static let append = Statement(
    name: "log.append",
    sql: """
      INSERT INTO log_outbox (id, partition, type, body, entity, profile_table, profile)
      SELECT nextval('log_outbox_id'), e.partition, e.type, e.body, e.entity, e.profile_table, e.profile
      FROM (
        SELECT *
        FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[])
          WITH ORDINALITY AS u(partition, type, body, entity, profile_table, profile, place)
        ORDER BY place) AS e
      """)
}
