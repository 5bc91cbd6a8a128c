import Glibc
package import Values

/// Where a service takes its time from, so that a test can hold the clock still.
package protocol TimeSource: Sendable {
  /// The wall clock, to compare with stored timestamps. It may jump.
  var now: Timestamp { get }

  /// A clock that only goes forward, to measure and to wait by.
  var monotonic: ContinuousClock.Instant { get }

  /// Waits until ``monotonic`` has reached an instant.
  ///
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  func sleep(until instant: ContinuousClock.Instant) async throws
}

extension TimeSource {
  /// Waits for a time.
  ///
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  package func sleep(for duration: Duration) async throws {
    try await sleep(until: monotonic.advanced(by: duration))
  }
}

/// The machine's clocks.
package struct SystemTime: TimeSource {
  /// The machine's clocks.
  package init() {}

  /// The wall clock, cut to microseconds.
  package var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let sinceEpoch = Duration.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    return Timestamp.epoch.advanced(by: sinceEpoch)
  }

  /// The monotonic clock, which also counts while the machine is suspended.
  package var monotonic: ContinuousClock.Instant {
    ContinuousClock.now
  }

  /// Waits until the monotonic clock has reached an instant.
  package func sleep(until instant: ContinuousClock.Instant) async throws {
    try await Task.sleep(until: instant, tolerance: nil, clock: .continuous)
  }
}
