public import Messages
public import NIOCore

/// The request messages of a streaming call, decoded as they are read.
///
/// One reader at a time. Reading is what opens the client's flow-control window: a handler that stops reading stops
/// the client. Ends when the client has half-closed; throws ``RPCError`` when the call ended otherwise or a message
/// is malformed.
public struct RequestStream<Request: Message>: AsyncSequence, Sendable {
  /// A request message.
  public typealias Element = Request

  let raw: RawRequestStream
  let interceptors: [any ServerInterceptor]
  let call: Call

  /// An iterator; all iterators of a stream read from the same place.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: RequestStream

    /// The next message, or nil at the end.
    public mutating func next() async throws -> Request? {
      guard let bytes = try await stream.raw.next() else { return nil }
      let request = try Request(decodingRequest: bytes)
      for interceptor in stream.interceptors {
        try await interceptor.willHandle(request: request, call: stream.call)
      }
      return request
    }
  }

  /// A new iterator at the stream's current place.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(stream: self)
  }
}

/// The request messages of a call, undecoded and uncompressed. See ``RequestStream`` for its guarantees.
public struct RawRequestStream: AsyncSequence, Sendable {
  /// The bytes of one message, without the five-byte prefix.
  public typealias Element = ByteBuffer

  let pipe: CallPipeHandle

  /// An iterator; all iterators of a stream read from the same place.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: RawRequestStream

    /// The next message, or nil at the end.
    public mutating func next() async throws -> ByteBuffer? {
      try await stream.next()
    }
  }

  /// A new iterator at the stream's current place.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(stream: self)
  }

  /// The next message, or nil when the client has half-closed.
  public func next() async throws -> ByteBuffer? {
    try await pipe.next()
  }
}
