package import Messages
package import RPC

/// The chunks of a file, behind the message that began the call.
package struct ImportChunks<Request: Message>: AsyncSequence {
  package typealias Element = [UInt8]

  private let iterator: RequestStream<Request>.AsyncIterator
  private let chunk: (Request) -> [UInt8]?

  /// - Parameters:
  ///   - iterator: stands behind the first message.
  ///   - chunk: what a message carries; nil when it carries something else.
  package init(_ iterator: RequestStream<Request>.AsyncIterator, chunk: @escaping (Request) -> [UInt8]?) {
    self.iterator = iterator
    self.chunk = chunk
  }

  /// Gives one chunk after the other.
  package struct AsyncIterator: AsyncIteratorProtocol {
    /// The most bytes of one message: 1 MiB.
    private static var mostBytes: Int { 1 << 20 }

    fileprivate var iterator: RequestStream<Request>.AsyncIterator
    fileprivate let chunk: (Request) -> [UInt8]?

    /// The next chunk.
    ///
    /// - Throws: ``RPCError`` INVALID_ARGUMENT for a message without a chunk, or with too large a one.
    package mutating func next() async throws -> [UInt8]? {
      guard let request = try await iterator.next() else { return nil }
      guard let bytes = chunk(request) else {
        throw RPCError.invalid("chunk", "A message behind the first does not carry one. Send the file's chunks.")
      }
      guard bytes.count <= Self.mostBytes else {
        throw RPCError.invalid("chunk", "It has more than 1 MiB. Cut the file smaller.")
      }
      return bytes
    }
  }

  /// Goes on where the stream stands.
  package func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(iterator: iterator, chunk: chunk)
  }
}
