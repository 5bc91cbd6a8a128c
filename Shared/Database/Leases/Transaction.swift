/// A transaction on a leased connection, valid within the closure that was given it; later use throws `.misuse`.
package final class Transaction: Sendable {
  init() {}

  /// Runs one statement.
  ///
  /// - Throws: ``DatabaseError``; after any, PostgreSQL refuses all but the rollback.
  @discardableResult
  package func execute(_ statement: Statement, _ parameters: [SQLValue] = []) async throws -> [Row] {
    throw DatabaseError(.misuse, "The transaction has ended.")
  }

  /// Runs statements one after the other in a single round trip; gives each one's rows.
  ///
  /// - Throws: the ``DatabaseError`` of the first that failed.
  @discardableResult
  package func execute(pipelined statements: [(Statement, [SQLValue])]) async throws -> [[Row]] {
    throw DatabaseError(.misuse, "The transaction has ended.")
  }

  /// Continues as another role, to the end of the transaction or the next change.
  package func become(_ role: DatabaseRole) async throws {
    throw DatabaseError(.misuse, "The transaction has ended.")
  }

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
