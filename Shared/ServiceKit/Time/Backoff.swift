/// How long to wait before trying again: twice as long after each failure, up to a limit, spread by chance.
///
/// The spread keeps many copies from coming back in the same instant.
package struct Backoff: Sendable, Hashable {
  /// The longest wait after the first failure.
  package var first: Duration
  /// The longest wait after any failure.
  package var limit: Duration
  private var failures = 0

  /// A back-off that has seen no failure.
  package init(first: Duration = .milliseconds(100), limit: Duration = .seconds(10)) {
    self.first = first
    self.limit = limit
  }

  /// Counts a failure.
  ///
  /// - Returns: the time to wait, between half of and the whole of the step.
  package mutating func failed(randomness: any Randomness) -> Duration {
    let step = min(limit, first * (1 << min(failures, 20)))
    failures += 1
    return randomness.duration(in: step / 2...step)
  }

  /// Forgets the failures.
  package mutating func succeeded() {
    failures = 0
  }
}
