public import Messages
public import NIOCore

/// Sends the request messages of a streaming call.
///
/// May be used from any task, by several at once; messages go out whole, in the order of the calls to `send`.
public struct RequestWriter<Request: Message>: Sendable {
  let raw: RawRequestWriter

  /// Sends one message. Suspends while the server's flow-control window is closed and this call has more than
  /// ``ClientConfiguration/outgoingBuffer`` bytes waiting.
  ///
  /// - Throws: ``RPCError``: the call has ended, or the message is larger than the client may send.
  public func send(_ request: Request) async throws {
    try await raw.exchange.send(request)
  }

  /// Tells the server that no message follows. Happens by itself when the call's closure returns.
  public func finish() async throws {
    try await raw.finish()
  }
}

/// Sends the request messages of a call as bytes. See ``RequestWriter`` for its guarantees.
public struct RawRequestWriter: Sendable {
  let exchange: ClientExchange

  /// Sends the bytes of one message, without the five-byte prefix.
  public func send(_ message: ByteBuffer) async throws {
    try await exchange.send(message)
  }

  /// Tells the server that no message follows. Happens by itself when the call's closure returns.
  public func finish() async throws {
    try await exchange.halfClose()
  }
}
