public import Messages
public import NIOCore

/// Sends the response messages of a streaming call.
///
/// May be used from any task, by several at once; messages go out whole, in the order of the calls to `send`.
public struct ResponseWriter<Response: Message>: Sendable {
  let raw: RawResponseWriter

  /// Sends one message. Suspends while the client's flow-control window is closed and this call has more than
  /// ``ServerConfiguration/outgoingBuffer`` bytes waiting.
  ///
  /// - Parameter isCompressible: false for a message that goes as it is though the call's others are compressed.
  /// - Throws: ``RPCError``: the call has ended, or the message is larger than the server may send.
  public func send(_ response: Response, isCompressible: Bool = true) async throws {
    try await raw.pipe.send(response, isCompressible: isCompressible)
  }
}

/// Sends the response messages of a call as bytes. See ``ResponseWriter`` for its guarantees.
public struct RawResponseWriter: Sendable {
  let pipe: CallPipeHandle

  /// Sends the bytes of one message, without the five-byte prefix.
  public func send(_ message: ByteBuffer) async throws {
    try await pipe.send(message)
  }

  /// Sends the initial metadata at once, before any message. Later changes to it are without effect.
  public func sendInitialMetadata() async throws {
    try await pipe.sendHead()
  }
}
