package import Database
import Synchronization

/// Whether the process wants calls now.
package final class Readiness: Sendable {
  /// How far the process is.
  package enum Phase: String, Sendable, Hashable {
    /// Not yet.
    case starting
    /// Wants calls.
    case ready
    /// Lets running calls end and takes no more.
    case draining
  }

  /// How long a look at the database is good for, and how long it may take.
  package static let freshness = Duration.seconds(2)

  private let time: any TimeSource
  private let state = Mutex(State())

  private struct State {
    var phase = Phase.starting
    var database: Database?
    var lookedAt: ContinuousClock.Instant?
    var isReached = false
  }

  /// A process that starts.
  package init(time: any TimeSource) {
    self.time = time
  }

  /// How far the process is.
  package var phase: Phase {
    state.withLock { $0.phase }
  }

  /// Moves on. Nothing follows on draining.
  package func enter(_ phase: Phase) {
    state.withLock { state in
      if state.phase != .draining {
        state.phase = phase
      }
    }
  }

  /// Makes readiness depend on a database.
  package func watch(_ database: Database) {
    state.withLock { $0.database = database }
  }

  /// Why the process should get no calls; nil when it should.
  package func objection() async -> String? {
    let phase = phase
    guard phase == .ready else {
      return "The service is \(phase.rawValue)."
    }
    return await isDatabaseReached() ? nil : "The database cannot be reached."
  }

  /// Asked often, looks rarely: what asks is not to become a load.
  private func isDatabaseReached() async -> Bool {
    let now = time.monotonic
    let (database, known) = state.withLock { state in
      let isFresh = state.lookedAt.map { now - $0 < Self.freshness } ?? false
      return (state.database, isFresh ? state.isReached : nil)
    }
    guard let database else {
      return true
    }
    if let known {
      return known
    }
    let isReached = await answers(database)
    state.withLock { state in
      state.isReached = isReached
      state.lookedAt = now
    }
    return isReached
  }

  private func answers(_ database: Database) async -> Bool {
    let time = time
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask { (try? await database.read(Self.ping, [], as: .none)) != nil }
      group.addTask {
        try? await time.sleep(for: Self.freshness)
        return false
      }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }

  private static let ping = Statement(name: "health.ping", sql: "SELECT 1")
}
