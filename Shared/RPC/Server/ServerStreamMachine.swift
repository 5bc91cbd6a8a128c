/// The life of one call on a server: when its handler starts, when its result still counts, when the call may be
/// forgotten. It leaves out the messages (``CallPipe``) and HTTP/2's own stream states (nghttp2).
///
/// ```
/// waiting ──may start──────▶ running ──handler ended──▶ answered ──stream closed──▶ closed
///    │                          │ refused, stream closed                              ▲
///    └─refused─▶ answered       └──▶ abandoned ──handler ended and stream closed──────┘
/// ```
struct ServerStreamMachine: ~Copyable {
  enum Action: Equatable {
    case none
    case startHandler
    /// Send the handler's result.
    case answer
    /// Send the refusal; there is no handler.
    case refuse
    /// Send the refusal and cancel the handler, whose result no longer counts.
    case cancelHandlerAndRefuse
    /// Cancel the handler: nobody waits for its result.
    case cancelHandler
    /// Nothing is left of the call.
    case forget
  }

  private enum State {
    /// The request is not complete.
    case waiting
    case running
    /// The handler runs, but its result no longer counts.
    case abandoned(isStreamClosed: Bool)
    /// The answer is on its way.
    case answered
    case closed
  }

  private var state: State

  /// - Parameter waits: whether the handler starts at ``mayStart()``, or at once.
  init(waits: Bool) {
    state = waits ? .waiting : .running
  }

  /// Whether the call is served, and what comes of it counts.
  var isServed: Bool {
    if case .running = state { true } else { false }
  }

  /// Whether a handler runs.
  var hasHandler: Bool {
    switch state {
    case .running, .abandoned: true
    case .waiting, .answered, .closed: false
    }
  }

  /// The client has sent all of its request, or the handler need not wait for that.
  mutating func mayStart() -> Action {
    switch state {
    case .waiting:
      state = .running
      return .startHandler
    default: return .none
    }
  }

  /// The call must end with an error, whatever its handler does: deadline, broken protocol, limit.
  mutating func refused() -> Action {
    switch state {
    case .waiting:
      state = .answered
      return .refuse
    case .running:
      state = .abandoned(isStreamClosed: false)
      return .cancelHandlerAndRefuse
    default: return .none
    }
  }

  /// The handler has returned or thrown.
  mutating func handlerEnded() -> Action {
    switch state {
    case .running:
      state = .answered
      return .answer
    case .abandoned(isStreamClosed: true):
      state = .closed
      return .forget
    case .abandoned(isStreamClosed: false):
      state = .answered
      return .none
    default: return .none
    }
  }

  /// The stream is gone: it has ended both ways, or was reset, or its connection closed.
  mutating func streamClosed() -> Action {
    switch state {
    case .waiting, .answered:
      state = .closed
      return .forget
    case .running:
      state = .abandoned(isStreamClosed: true)
      return .cancelHandler
    case .abandoned:
      state = .abandoned(isStreamClosed: true)
      return .none
    case .closed: return .none
    }
  }
}
