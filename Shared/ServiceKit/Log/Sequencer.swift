package import Database
import Values

/// Numbers what was committed to the outbox and moves it into the log. One copy of a service does so at a time, under a
/// lease; each move checks the lease's fencing number in its own statement.
package struct Sequencer: Sendable {
  /// How often the outbox is looked at.
  package static let tick = Duration.milliseconds(20)
  /// Events that one statement moves at most.
  package static let batch = 5_000
  /// The lease of the sequencer of a service's log.
  package static let lease = Lease(name: "log/sequencer")

  private let database: Database
  private let time: any TimeSource
  private let channel: String

  /// The sequencer of a service's log.
  package init(service: ServiceName, database: Database, time: any TimeSource) {
    self.database = database
    self.time = time
    channel = Self.channel(of: service)
  }

  /// Moves what comes until the task is cancelled or the lease is another's.
  ///
  /// - Parameter fence: the fencing number of ``lease``.
  package func run(fence: Int64) async throws {
    var nextSweep = time.monotonic
    while !Task.isCancelled {
      if try await move(fence: fence) < Self.batch {
        try await time.sleep(for: Self.tick)
      }
      if time.monotonic >= nextSweep {
        try await sweep()
        nextSweep = time.monotonic.advanced(by: .seconds(60))
      }
    }
  }

  /// Moves what is committed now, at most ``batch`` events, in one statement.
  ///
  /// - Returns: how many were moved; 0 also when the lease is held under another number.
  package func move(fence: Int64) async throws -> Int {
    // The outbox is mostly empty; a look costs no write.
    guard try await database.read(Self.look, [], as: .worker).first != nil else {
      return 0
    }
    let rows = try await database.write(
      Self.move, [.text(Self.lease.name), .int(fence), .int(Int64(Self.batch)), .text(channel)], as: .worker)
    return Int(try rows.first?.int(0) ?? 0)
  }

  /// Drops events that are older than ``Log/memory``, in small steps.
  package func sweep() async throws {
    let oldest = time.now.advanced(by: .zero - Log.memory)
    for partition in 0..<Log.partitions {
      let parameters = [SQLValue.int(Int64(partition)), .timestamp(oldest)]
      while try await database.write(Self.drop, parameters, as: .worker).first?.int(0) == 10_000 {
        try Task.checkCancellation()
      }
    }
  }

  /// The channel that is notified after each move. Channels belong to the database, which services share.
  static func channel(of service: ServiceName) -> String {
    "rapport_\(service)_log"
  }
}

extension Sequencer {
  private static let look = Statement(name: "log.look", sql: "SELECT 1 FROM log_outbox LIMIT 1")

  // The lease's row is locked until the move is committed: a copy that takes the lease over waits for it, and one that
  // lost it moves nothing. Numbers are given by the order of the outbox's ids within each partition.
  private static let move = Statement(
    name: "log.move",
    sql: """
      WITH held AS MATERIALIZED (
        SELECT fence FROM leases WHERE name = $1 AND fence = $2 FOR NO KEY UPDATE
      ), moved AS (
        DELETE FROM log_outbox
        WHERE id IN (SELECT id FROM log_outbox ORDER BY id LIMIT $3)
          AND EXISTS (SELECT FROM held)
        RETURNING id, partition, type, body, entity, profile_table, profile
      ), counted AS (
        SELECT partition, count(*) AS events FROM moved GROUP BY partition
      ), advanced AS (
        UPDATE log_partitions AS p
        SET last = p.last + c.events
        FROM counted AS c
        WHERE p.partition = c.partition
        RETURNING p.partition, p.last - c.events AS before
      ), numbered AS (
        INSERT INTO log_events (partition, position, time, type, body, entity, profile_table, profile)
        SELECT m.partition, a.before + row_number() OVER (PARTITION BY m.partition ORDER BY m.id),
          clock_timestamp(), m.type, m.body, m.entity, m.profile_table, m.profile
        FROM moved AS m JOIN advanced AS a ON a.partition = m.partition
        RETURNING 1
      )
      SELECT n.events, pg_notify($4, '')
      FROM (SELECT count(*) AS events FROM numbered) AS n
      WHERE n.events > 0
      """)

  // Looks at a step's oldest events only, so that a partition without old ones costs one short look.
  private static let drop = Statement(
    name: "log.drop",
    sql: """
      WITH oldest AS (
        SELECT position, time FROM log_events WHERE partition = $1 ORDER BY position LIMIT 10000
      ), reach AS (
        SELECT max(position) AS position FROM oldest WHERE time < $2
      ), dropped AS (
        DELETE FROM log_events AS e
        USING reach AS r
        WHERE e.partition = $1 AND e.position <= r.position
        RETURNING 1
      ), noted AS (
        UPDATE log_partitions AS p
        SET dropped = r.position
        FROM reach AS r
        WHERE p.partition = $1 AND r.position > p.dropped
      )
      SELECT count(*) FROM dropped
      """)
}

extension Log {
  /// Makes every follower rebuild what it keeps of this service. To be run after the database was restored from a
  /// backup, before the service starts again.
  ///
  /// The new epoch is one that no restore can have given before: it is taken from PostgreSQL's clock.
  package static func raiseEpoch(in database: Database) async throws {
    _ = try await database.write(raise, [], as: .worker)
  }

  private static let raise = Statement(
    name: "log.raiseEpoch",
    sql: """
      UPDATE log_state
      SET epoch = greatest(epoch + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
      """)
}
