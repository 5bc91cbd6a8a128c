package import CoreMetrics
package import Database
package import Logging
import Synchronization
package import Values

/// The wall clock that all copies of all services share: the machine's own, put right where PostgreSQL's says otherwise.
///
/// Due times, tokens and principals are written by one machine and read by another. One whose clock is an hour off would
/// do things an hour early or late, and nobody would believe what it signs. PostgreSQL's clock is the one that all can see.
package final class DatabaseTime: TimeSource {
  /// A smaller difference is left alone: it harms nothing, and a network can cause it.
  package static let tolerance = Duration.seconds(1)
  /// How often the clocks are compared.
  package static let interval = Duration.seconds(10)

  private let machine: any TimeSource
  private let correction = Atomic<Int64>(0)

  /// A clock that was not compared yet.
  package init(_ machine: any TimeSource) {
    self.machine = machine
  }

  /// The wall clock: PostgreSQL's, to the tolerance.
  package var now: Timestamp {
    machine.now.advanced(by: .microseconds(correction.load(ordering: .relaxed)))
  }

  /// The machine's.
  package var monotonic: ContinuousClock.Instant { machine.monotonic }

  /// Waits by the machine's clock.
  package func sleep(until instant: ContinuousClock.Instant) async throws {
    try await machine.sleep(until: instant)
  }

  /// Compares the clocks now and then, until the task is cancelled.
  package func keepRight(by database: Database, logger: Logger, metrics: any MetricsFactory) async throws {
    while true {
      try await sleep(for: Self.interval)
      try? await putRight(by: database, logger: logger, metrics: metrics)
    }
  }

  /// Compares the clocks.
  package func putRight(by database: Database, logger: Logger, metrics: any MetricsFactory) async throws {
    let start = machine.monotonic
    guard let theirs = try await database.read(Self.clock, as: .none).first?.timestamp(0) else { return }
    let roundTrip = machine.monotonic - start
    // An answer that was long on its way tells nothing.
    guard roundTrip < Self.tolerance else { return }
    let ahead = theirs.duration(since: machine.now) + roundTrip / 2
    let known = Duration.microseconds(correction.load(ordering: .relaxed))
    let wanted = abs(ahead) < Self.tolerance ? .zero : ahead
    metrics.makeMeter(label: "clock_correction_seconds", dimensions: []).set(Double(wanted.components.seconds))
    // Once it is put right, it does not waver with the network.
    guard abs(wanted - known) > Self.tolerance / 2 else { return }
    correction.store(Int64(wanted / .microseconds(1)), ordering: .relaxed)
    let metadata: Logger.Metadata = ["seconds": "\(wanted.components.seconds)"]
    if wanted == .zero {
      logger.notice("this machine's clock is right again", metadata: metadata)
    } else {
      logger.warning("this machine's clock is wrong; the database's is used, which is ahead by", metadata: metadata)
    }
  }

  static let clock = Statement(name: "time.clock", sql: "SELECT clock_timestamp()")
}

private func abs(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }
