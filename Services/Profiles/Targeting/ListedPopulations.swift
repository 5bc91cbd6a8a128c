internal import Database
internal import Messages
internal import Populations
internal import ServiceKit
internal import Values

/// Keeps the populations that are being listed, so that every page is of the one that the first page found.
struct ListedPopulations: Sendable {
  let database: Database
  let time: any TimeSource

  /// How long a list may be gone on with.
  static let life = Duration.seconds(24 * 3_600)

  /// Keeps a population; gives its number.
  func keep(_ population: Population, of targeting: TargetingDefinition) async throws -> Int64 {
    let message = population.message
    let rows = try await database.transaction(as: .entity(targeting.entity)) { transaction in
      try await transaction.execute(
        Self.insert,
        [
          .int(targeting.entity), .int(targeting.number), .bytes(message.bitmap), .int(Int64(message.checksum)),
          .timestamp(time.now),
        ])
    }
    return try rows.first?.int(0) ?? 0
  }

  private static let insert = Statement(
    name: "listed_populations.insert",
    sql: """
      INSERT INTO listed_populations (entity, targeting, bitmap, checksum, listed_at)
      VALUES ($1, $2, $3, $4, $5)
      RETURNING number
      """)

  /// The population of a number, or nil when it was kept too long ago.
  func find(_ number: Int64, of targeting: TargetingDefinition) async throws -> Population? {
    let rows = try await database.read(
      Self.byNumber, [.int(number), .int(targeting.number), .timestamp(time.now.advanced(by: .zero - Self.life))],
      as: .entity(targeting.entity))
    guard let row = rows.first else { return nil }
    return try Population(portable: row.bytes(0), checksum: UInt32(truncatingIfNeeded: row.int(1)))
  }

  private static let byNumber = Statement(
    name: "listed_populations.find",
    sql: """
      SELECT bitmap, checksum
      FROM listed_populations
      WHERE number = $1 AND targeting = $2 AND listed_at >= $3
      """)

  /// Forgets those that were kept too long ago.
  func sweep() async throws {
    try await database.transaction(as: .worker) { transaction in
      try await transaction.execute(Self.forget, [.timestamp(time.now.advanced(by: .zero - Self.life))])
    }
  }

  private static let forget = Statement(
    name: "listed_populations.forget", sql: "DELETE FROM listed_populations WHERE listed_at < $1")

  /// Forgets them, once an hour.
  var sweeping: Job {
    Job("sweep of listed populations", under: Lease(name: "listed populations/sweep")) { _ in
      while !Task.isCancelled {
        try await sweep()
        try await time.sleep(for: .seconds(3_600))
      }
    }
  }
}
