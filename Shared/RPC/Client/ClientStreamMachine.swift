/// The life of one call on a client's connection: which header block means what, what a closed stream says, when the
/// call may go to another server. It leaves out the messages (``CallPipe``).
///
/// ```
/// unsent ──request went──▶ waiting ──head──▶ receiving ──trailers──▶ finished
///    └───────────────────────┴─────────────────┴──closed, reset, gave up──▶ finished
/// ```
struct ClientStreamMachine: ~Copyable {
  enum Headers: Equatable {
    /// The response's head: messages follow.
    case head
    /// The status, with or without messages before it.
    case trailers
    /// An informational response (1xx), or something after the end.
    case ignore
    /// A second block that does not end the stream.
    case violation
  }

  enum Closing: Equatable {
    case none
    /// No server has seen the call: it may be made again.
    case unseen
    case failed(HTTP2ErrorCode)
  }

  private enum State { case unsent, waiting, receiving, finished }

  private var state = State.unsent

  /// Whether the call has its outcome.
  var isFinished: Bool { state == .finished }

  /// Whether nothing of the call has gone to the connection yet.
  var isUnsent: Bool { state == .unsent }

  /// The request's header block has gone.
  mutating func requestWent() {
    if state == .unsent { state = .waiting }
  }

  /// A header block came.
  mutating func headersCame(endsStream: Bool, isInformational: Bool) -> Headers {
    switch state {
    case .finished: return .ignore
    case .unsent, .waiting:
      if isInformational && !endsStream { return .ignore }
      state = endsStream ? .finished : .receiving
      return endsStream ? .trailers : .head
    case .receiving:
      state = .finished
      return endsStream ? .trailers : .violation
    }
  }

  /// Message bytes came.
  ///
  /// - Returns: whether they belong to a response.
  mutating func dataCame() -> Bool {
    state == .receiving
  }

  /// The stream is gone.
  mutating func closed(_ error: HTTP2ErrorCode) -> Closing {
    defer { state = .finished }
    switch state {
    case .finished: return .none
    case .unsent: return .unseen
    case .waiting: return error == .refusedStream ? .unseen : .failed(error)
    case .receiving: return .failed(error)
    }
  }

  /// The connection is gone. Unlike a stream that was reset, a call that went may have been served.
  mutating func connectionLost() -> Closing {
    defer { state = .finished }
    switch state {
    case .finished: return .none
    case .unsent: return .unseen
    case .waiting, .receiving: return .failed(.cancel)
    }
  }

  /// The caller waits no longer, or the response is not acceptable.
  ///
  /// - Returns: whether the stream must be reset.
  mutating func gaveUp() -> Bool {
    defer { state = .finished }
    return state != .finished
  }
}
