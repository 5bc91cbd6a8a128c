internal import Database
internal import ServiceKit
internal import Values

/// Deletes what is left of scenarios that are gone, in pieces: one may have had millions of executions.
struct DeletedScenarios: Sendable {
  let database: Database
  let time: any TimeSource

  /// The most executions, or arrivals, that one statement deletes.
  static let batch = 500
  /// How long a scenario is remembered: longer than any statement runs that may still note an arrival for it.
  private static let life = Duration.seconds(3_600)
  private static let pause = Duration.seconds(10)

  /// Deletes all that is left now.
  func sweep() async throws {
    let end = time.now.advanced(by: .zero - Self.life)
    for scenario in try await database.read(Self.all, [], as: .worker).map({ try $0.int(0) }) {
      for statement in [Self.dropExecutions, Self.dropArrivals] {
        while try await drop(statement, of: scenario) == Self.batch {}
      }
      try await database.write(Self.forget, [.int(scenario), .timestamp(end)], as: .worker)
    }
  }

  private static let all = Statement(
    name: "deleted_scenarios.list", sql: "SELECT scenario FROM deleted_scenarios ORDER BY scenario")

  private static let forget = Statement(
    name: "deleted_scenarios.forget", sql: "DELETE FROM deleted_scenarios WHERE scenario = $1 AND deleted_at < $2")

  /// - Returns: how many went.
  private func drop(_ statement: Statement, of scenario: Int64) async throws -> Int {
    try await database.write(statement, [.int(scenario), .int(Int64(Self.batch))], as: .worker).count
  }

  private static let dropExecutions = drop(from: "executions")
  private static let dropArrivals = drop(from: "arrivals")

  private static func drop(from table: String) -> Statement {
    Statement(
      name: "deleted_scenarios.drop_\(table)",
      sql: """
        DELETE FROM \(table)
        WHERE number IN (SELECT number FROM \(table) WHERE scenario = $1 LIMIT $2)
        RETURNING number
        """)
  }

  /// Deletes it, in one copy at a time.
  var sweeping: Job {
    Job("sweep of deleted scenarios", under: Lease(name: "deleted scenarios/sweep")) { _ in
      while !Task.isCancelled {
        try await sweep()
        try await time.sleep(for: Self.pause)
      }
    }
  }
}
