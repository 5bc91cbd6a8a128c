import Database
import Messages

/// How far a follower has come, in its own service's schema.
struct FollowerCursors: Sendable, Hashable {
  /// 0 for one that never followed.
  var epoch: Int64
  /// Positions by partition.
  var positions: [Int: Int64]

  static func load(follower: String, in database: Database) async throws -> FollowerCursors {
    var cursors = FollowerCursors(epoch: 0, positions: [:])
    for row in try await database.read(load, [.text(follower)], as: .worker) {
      cursors.epoch = try row.int(0)
      if let partition = try row.optionalInt(1) {
        cursors.positions[Int(partition)] = try row.int(2)
      }
    }
    return cursors
  }

  /// Stores new positions.
  ///
  /// - Returns: the positions before, of the partitions named.
  static func advance(
    follower: String, to cursors: [InternalV1.LogCursor], epoch: Int64, in transaction: Transaction
  ) async throws -> [Int: Int64] {
    let rows = try await transaction.execute(
      advance, [.text(follower), .int(epoch), partitions(cursors), positions(cursors)])
    var before: [Int: Int64] = [:]
    for row in rows {
      before[Int(try row.int(0))] = try row.int(1)
    }
    return before
  }

  /// Forgets all positions and stores new ones.
  static func replace(
    follower: String, epoch: Int64, cursors: [InternalV1.LogCursor], in transaction: Transaction
  ) async throws {
    _ = try await transaction.execute(forget, [.text(follower)])
    _ = try await advance(follower: follower, to: cursors, epoch: epoch, in: transaction)
  }

  private static func partitions(_ cursors: [InternalV1.LogCursor]) -> SQLValue {
    .intArray(cursors.map { Int64($0.partition) })
  }

  private static func positions(_ cursors: [InternalV1.LogCursor]) -> SQLValue {
    .intArray(cursors.map(\.position))
  }

  private static let load = Statement(
    name: "follower.load",
    sql: """
      SELECT l.epoch, p.partition, p.position
      FROM followed_logs AS l LEFT JOIN followed_partitions AS p ON p.follower = l.follower
      WHERE l.follower = $1
      """)

  // The statement's snapshot shows the positions as they were before it.
  private static let advance = Statement(
    name: "follower.advance",
    sql: """
      WITH log AS (
        INSERT INTO followed_logs (follower, epoch) VALUES ($1, $2)
        ON CONFLICT (follower) DO UPDATE SET epoch = excluded.epoch
        RETURNING follower
      ), stored AS (
        INSERT INTO followed_partitions AS p (follower, partition, position)
        SELECT log.follower, c.partition, c.position
        FROM log CROSS JOIN unnest($3::bigint[], $4::bigint[]) AS c(partition, position)
        ON CONFLICT (follower, partition) DO UPDATE SET position = greatest(p.position, excluded.position)
      )
      SELECT partition, position FROM followed_partitions
      WHERE follower = $1 AND partition = ANY ($3::bigint[])
      """)

  private static let forget = Statement(name: "follower.forget", sql: "DELETE FROM followed_logs WHERE follower = $1")
}
