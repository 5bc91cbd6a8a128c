/// Tells a server's connection when to say that it goes, and when it may close (RFC 9113 §6.8).
///
/// Going takes two steps, because calls may be on their way when the client hears of it: first an announcement, under
/// which every call is still accepted, then, when the client has surely heard it, the last number accepted.
/// ```
/// serving ──drain──▶ announced ──heard──▶ draining ──last call ended──▶ closed
///    └─────────────────┴────────────────────┴──grace over──▶ closed
/// ```
struct DrainMachine: ~Copyable {
  enum Action: Equatable {
    case none
    /// Send the announcement and ask the client for an answer.
    case announce
    /// Send the last number that was accepted.
    case goAway
    /// Send it, and close when all is sent.
    case goAwayAndClose
    /// Close when all is sent.
    case close
    /// Cancel what runs, and close.
    case abort
  }

  private enum State { case serving, announced, draining, closed }

  private var state = State.serving
  /// Whether a call began since the last idle time.
  private var wasUsed = true
  /// Calls that are not over: their stream is open, or their handler runs.
  private(set) var openCalls = 0

  /// Whether the client was told, and has not answered.
  var isAnnounced: Bool { state == .announced }

  mutating func callBegan() {
    openCalls += 1
    wasUsed = true
  }

  mutating func callEnded() -> Action {
    openCalls -= 1
    guard state == .draining, openCalls == 0 else { return .none }
    state = .closed
    return .close
  }

  /// The longest time without a call is over, once more. A connection drains that had none in all of it.
  mutating func idleTimePassed() -> Action {
    defer { wasUsed = false }
    return openCalls == 0 && !wasUsed ? drainRequested() : .none
  }

  /// The server stops, or the connection is old.
  mutating func drainRequested() -> Action {
    guard state == .serving else { return .none }
    state = .announced
    return .announce
  }

  /// The client has heard the announcement, or had time enough to.
  mutating func announcementHeard() -> Action {
    guard state == .announced else { return .none }
    state = openCalls == 0 ? .closed : .draining
    return openCalls == 0 ? .goAwayAndClose : .goAway
  }

  /// The calls had their time.
  mutating func graceOver() -> Action {
    guard state != .closed else { return .none }
    state = .closed
    return .abort
  }
}
