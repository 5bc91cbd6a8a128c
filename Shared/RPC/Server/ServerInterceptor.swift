public import Messages

/// Sees every call of a server before its handler, and its outcome after it.
///
/// Interceptors run in the order given to the server, on the call's event loop: they must not block.
public protocol ServerInterceptor: Sendable {
  /// Surrounds a call of any kind, known method or fallback. `next` takes the same call.
  ///
  /// Throwing before `next` refuses the call; an error thrown by `next` is the call's outcome and may be replaced.
  /// For a unary call the request has arrived but is not decoded yet when this begins.
  func intercept(_ call: Call, next: (Call) async throws -> Void) async throws

  /// Called with every decoded request message, before the handler gets it: once for unary calls, for each message
  /// of a stream. Throwing ends the call. Undecoded messages (the router's fallback) do not come here.
  func willHandle(request: some Message, call: Call) async throws

  /// A call begins that is relayed: no handler serves it, and ``relayEnded(_:_:after:)`` follows, on the same loop.
  func relayBegan(_ call: Call)

  /// A relayed call has ended after a time; `code` is nil when it is left to the method's handler after all, as any other
  /// call.
  func relayEnded(_ call: Call, _ code: StatusCode?, after time: Duration)
}

extension ServerInterceptor {
  /// Calls on.
  public func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
    try await next(call)
  }

  /// Accepts every message.
  public func willHandle(request: some Message, call: Call) async throws {}

  /// Does nothing.
  public func relayBegan(_ call: Call) {}

  /// Does nothing.
  public func relayEnded(_ call: Call, _ code: StatusCode?, after time: Duration) {}
}
