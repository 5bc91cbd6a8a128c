/// Finds out whether the peer of a silent connection is still there (grpc/doc/keepalive.md). Time passes from outside.
struct KeepaliveMachine: ~Copyable {
  enum Action: Equatable {
    /// Come again after the keepalive time.
    case wait
    /// Send a ping, and come again after the keepalive timeout.
    case ping
    /// The peer is gone.
    case close
  }

  private enum State { case heard, silent, pinged }

  private var state = State.heard

  /// Bytes came.
  ///
  /// - Returns: whether a ping was on its way; then come again after the keepalive time, from now.
  mutating func heard() -> Bool {
    defer { state = .heard }
    return state == .pinged
  }

  /// The time that the last action named is over.
  ///
  /// - Parameter mayPing: whether a ping is worth it now.
  mutating func timePassed(mayPing: Bool) -> Action {
    switch state {
    case .heard:
      state = .silent
      return .wait
    case .silent:
      guard mayPing else { return .wait }
      state = .pinged
      return .ping
    case .pinged: return .close
    }
  }
}
