public import Messages
public import NIOCore

/// The response messages of a streaming call, decoded as they are read.
///
/// One reader at a time. Reading opens the server's flow-control window. Ends when the call ended with OK; throws
/// ``RPCError`` otherwise.
public struct ResponseStream<Response: Message>: AsyncSequence, Sendable {
  /// A response message.
  public typealias Element = Response

  let raw: RawResponseStream

  /// An iterator; all iterators of a stream read from the same place.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: ResponseStream

    /// The next message, or nil at the end of a call that succeeded.
    public mutating func next() async throws -> Response? {
      guard let bytes = try await stream.raw.next() else { return nil }
      return try Response(decodingResponse: bytes)
    }
  }

  /// A new iterator at the stream's current place.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(stream: self)
  }

  /// What the server sent before the first message; waits for it.
  public var initialMetadata: Metadata {
    get async throws { try await raw.initialMetadata }
  }

  /// What the server sent after the last message; empty until the stream has ended.
  public var trailingMetadata: Metadata {
    get async { await raw.trailingMetadata }
  }
}

/// The response messages of a call, undecoded and uncompressed. See ``ResponseStream`` for its guarantees.
public struct RawResponseStream: AsyncSequence, Sendable {
  /// The bytes of one message, without the five-byte prefix.
  public typealias Element = ByteBuffer

  let exchange: ClientExchange

  /// An iterator; all iterators of a stream read from the same place.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: RawResponseStream

    /// The next message, or nil at the end of a call that succeeded.
    public mutating func next() async throws -> ByteBuffer? {
      try await stream.next()
    }
  }

  /// A new iterator at the stream's current place.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(stream: self)
  }

  /// The next message; nil when the call has ended with OK.
  ///
  /// - Throws: ``RPCError`` with the status that the server sent, its details and trailing metadata.
  public func next() async throws -> ByteBuffer? {
    try await exchange.next()
  }

  /// What the server sent before the first message; waits for it. Empty when the server answered with trailers only.
  public var initialMetadata: Metadata {
    get async throws { try await exchange.initialMetadata() }
  }

  /// What the server sent after the last message; empty until the stream has ended.
  public var trailingMetadata: Metadata {
    get async { await exchange.trailingMetadata() }
  }
}
