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

extension Transaction {
  /// COPY … FROM STDIN: sends what `body` writes. Gives the number of rows.
  ///
  /// Nothing of it is stored when `body` throws.
  nonisolated(nonsending) package func copyIn(
    _ statement: Statement, _ body: nonisolated(nonsending) (CopyWriter) async throws -> Void
  ) async throws -> Int64 {
    throw DatabaseError(.misuse, "The transaction has ended.")
  }

  /// COPY … TO STDOUT: gives `body` the bytes as they come; it reads no faster than `body` does.
  ///
  /// What `body` leaves unread is read and dropped.
  nonisolated(nonsending) package func copyOut<Result>(
    _ statement: Statement, _ body: nonisolated(nonsending) (CopyReader) async throws -> Result
  ) async throws -> Result {
    throw DatabaseError(.misuse, "The transaction has ended.")
  }

  /// A query's rows, `batch` at a time by a cursor, so that a result of any size takes the memory of one batch.
  package func stream(_ statement: Statement, _ parameters: [SQLValue] = [], batch: Int) -> RowBatches {
    RowBatches()
  }
}

/// Batches of rows; each is fetched when it is asked for. Read by one task.
package struct RowBatches: AsyncSequence {
  package typealias Element = [Row]

  package struct Iterator: AsyncIteratorProtocol {
    package mutating func next() async throws -> [Row]? { nil }
  }

  package func makeAsyncIterator() -> Iterator { Iterator() }
}
