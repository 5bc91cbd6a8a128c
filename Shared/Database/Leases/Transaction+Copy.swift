extension Transaction {
  /// COPY … FROM STDIN: sends what `body` writes. Gives the number of rows.
  ///
  /// Nothing of it is stored when `body` throws.
  @discardableResult
  nonisolated(nonsending) package func copyIn(
    _ statement: Statement, _ body: nonisolated(nonsending) (CopyWriter) async throws -> Void
  ) async throws -> Int64 {
    try await begin()
    return try await plain {
      let number = try await connection.beginCopyIn(statement)
      do {
        try await body(CopyWriter(connection: connection, name: statement.name, number: number))
      } catch {
        // The server answers with an error of its own, which says no more than that we gave up.
        _ = try? await connection.endCopyIn(number, statement.name, failing: "given up")
        throw error
      }
      return try await connection.endCopyIn(number, statement.name, failing: nil)
    }
  }

  /// COPY … TO STDOUT: gives `body` the bytes as they come; the server sends no faster than `body` reads.
  ///
  /// What `body` leaves unread is still sent, and dropped: limit it in the statement. When `body` throws, the connection
  /// is closed rather than read to the end.
  nonisolated(nonsending) package func copyOut<Result>(
    _ statement: Statement, _ body: nonisolated(nonsending) (CopyReader) async throws -> Result
  ) async throws -> Result {
    try await begin()
    return try await plain {
      let number = try await connection.beginCopyOut(statement)
      let reader = CopyReader(connection: connection, name: statement.name, number: number)
      let result: Result
      do {
        result = try await body(reader)
      } catch {
        connection.abandon()
        throw error
      }
      for try await _ in reader {}
      return result
    }
  }
}

/// Takes the bytes of COPY … FROM STDIN; valid within the closure that was given it.
package struct CopyWriter: Sendable {
  fileprivate let connection: Connection
  fileprivate let name: String
  fileprivate let number: Int

  /// Sends bytes, cut anywhere; returns when the kernel has taken them, so that no more than 256 KiB wait here. Each
  /// call is a turn of the connection's queue: pieces of 16 KiB and more are worth it.
  ///
  /// A refused row is reported when the copy ends.
  package nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws {
    try Task.checkCancellation()
    try await connection.put(bytes, number, name)
  }
}

/// Gives the bytes of COPY … TO STDOUT, in chunks of whole rows, about 64 KiB each; valid within the closure that was
/// given it, and read by one task.
package struct CopyReader: AsyncSequence, Sendable {
  package typealias Element = [UInt8]

  fileprivate let connection: Connection
  fileprivate let name: String
  fileprivate let number: Int

  package struct Iterator: AsyncIteratorProtocol {
    fileprivate let reader: CopyReader

    package mutating func next() async throws -> [UInt8]? {
      try Task.checkCancellation()
      return try await reader.connection.nextCopyChunk(reader.number, reader.name)
    }
  }

  package func makeAsyncIterator() -> Iterator { Iterator(reader: self) }
}
