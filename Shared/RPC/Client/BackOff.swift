/// How long to wait before the next attempt to connect (grpc/doc/connection-backoff.md).
struct BackOff: Sendable, Hashable {
  let minimum: Duration
  let maximum: Duration

  private static let growth = 1.6
  private static let spread = 0.2

  /// The wait after so many failures in a row.
  ///
  /// - Parameters:
  ///   - failures: at least 1.
  ///   - random: 0 to 1; shifts the wait by up to a fifth either way, so that clients do not come back together.
  func wait(after failures: Int, random: Double) -> Duration {
    var wait = minimum
    for _ in 1..<max(failures, 1) where wait < maximum { wait = wait * Self.growth }
    return min(wait, maximum) * (1 + Self.spread * (2 * random - 1))
  }
}

extension BackOff {
  /// The waits between attempts of a call that no server saw: none before the second attempt, since the reason is most
  /// often a server that goes while others are there.
  static func pauseBeforeAttempt(_ attempt: Int, random: Double = .random(in: 0...1)) -> Duration {
    guard attempt > 2 else { return .zero }
    return BackOff(minimum: .milliseconds(5), maximum: .milliseconds(200)).wait(after: attempt - 2, random: random)
  }
}
