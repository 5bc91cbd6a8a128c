/// Decides what one HTTP/1.1 connection does next.
///
/// It governs the order of one exchange after another, the body's limit, which timer runs and when the connection ends.
/// It leaves out parsing (NIOHTTP1), routing, and what an answer says. Requests sent ahead are held back by
/// NIO's pipelining handler, so one exchange at a time reaches it.
struct HTTPConnectionMachine: Equatable {
  /// Why a request is answered without its handler. The connection is closed after the answer, since what remains of
  /// the request is not read.
  enum Refusal: Equatable {
    case bodyTooLarge
    case bodyTooSlow
  }

  enum Action: Equatable {
    case none
    /// Tell the client to send its body (RFC 9110 §10.1.1).
    case sendContinue
    /// Keep the piece that arrived.
    case append
    /// Run the handler.
    case answer
    /// Answer the refusal, then close.
    case refuse(Refusal)
    /// Nothing is owed: read on.
    case awaitNext
    /// Close.
    case close
    /// Cancel the handler, then close.
    case abandon
  }

  /// The timer that runs in a state.
  enum Timer: Equatable {
    case idle, body, answer
  }

  private enum State: Equatable {
    case waiting
    case receiving(received: Int, limit: Int, keepAlive: Bool)
    case answering(keepAlive: Bool)
    /// Refused or closed: what still arrives is dropped.
    case ending
  }

  private var state = State.waiting
  private var isDraining = false

  var timer: Timer {
    switch state {
    case .waiting: .idle
    case .receiving: .body
    // A client that does not read the last answer must not keep the connection.
    case .answering, .ending: .answer
    }
  }

  /// Whether a handler's answer is awaited or under way.
  var isAnswering: Bool {
    if case .answering = state { true } else { false }
  }

  /// A request's header is complete.
  ///
  /// - Parameter declared: the length that the header states, if it does.
  mutating func requestStarted(declared: Int?, limit: Int, keepAlive: Bool, expectsContinue: Bool) -> Action {
    guard state == .waiting else {
      return .none
    }
    if let declared, declared > limit {
      state = .ending
      return .refuse(.bodyTooLarge)
    }
    state = .receiving(received: 0, limit: limit, keepAlive: keepAlive)
    return expectsContinue ? .sendContinue : .none
  }

  mutating func bodyArrived(_ count: Int) -> Action {
    guard case .receiving(let received, let limit, let keepAlive) = state else {
      return .none
    }
    if count > limit - received {
      state = .ending
      return .refuse(.bodyTooLarge)
    }
    state = .receiving(received: received + count, limit: limit, keepAlive: keepAlive)
    return .append
  }

  mutating func requestEnded() -> Action {
    guard case .receiving(_, _, let keepAlive) = state else {
      return .none
    }
    state = .answering(keepAlive: keepAlive)
    return .answer
  }

  /// Whether the answer that is about to be sent must say that the connection closes after it.
  ///
  /// - Parameter selfDelimiting: whether the client can tell the answer's end by other means than the closing.
  mutating func answerStarts(selfDelimiting: Bool) -> Bool {
    guard case .answering(let keepAlive) = state, keepAlive, selfDelimiting, !isDraining else {
      if state != .ending {
        state = .answering(keepAlive: false)
      }
      return true
    }
    return false
  }

  /// The answer is complete, or its writer failed. To be asked before the answer's end is written: that lets the next
  /// request in.
  mutating func answerEnded(whole: Bool) -> Action {
    guard case .answering(let keepAlive) = state else {
      return .none
    }
    if keepAlive && whole && !isDraining {
      state = .waiting
      return .awaitNext
    }
    state = .ending
    return .close
  }

  mutating func timeRanOut() -> Action {
    defer { state = .ending }
    switch state {
    case .waiting: return .close
    case .receiving: return .refuse(.bodyTooSlow)
    case .answering: return .abandon
    case .ending: return .close
    }
  }

  mutating func drainRequested() -> Action {
    isDraining = true
    if state == .waiting {
      state = .ending
      return .close
    }
    return .none
  }

  /// The peer closed, or the parser gave up.
  mutating func connectionLost() -> Action {
    defer { state = .ending }
    if case .answering = state {
      return .abandon
    }
    return state == .ending ? .none : .close
  }
}
