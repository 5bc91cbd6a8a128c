import NIOCore

/// Finds clients that ping too often (grpc/doc/keepalive.md, "Server Enforcement").
struct PingPolicy {
  private let minimum: Duration
  private var last: NIODeadline?
  private var strikes = 0

  private static let maxStrikes = 2

  init(minimum: Duration) {
    self.minimum = minimum
  }

  /// A ping came.
  ///
  /// - Parameter hasSentData: whether messages went to the client since its last ping; then it may measure the path.
  /// - Returns: whether the connection must end.
  mutating func pinged(at now: NIODeadline, hasSentData: Bool) -> Bool {
    defer { last = now }
    if hasSentData {
      strikes = 0
      return false
    }
    guard let last, now - last < TimeAmount(minimum) else { return false }
    strikes += 1
    return strikes > Self.maxStrikes
  }
}
