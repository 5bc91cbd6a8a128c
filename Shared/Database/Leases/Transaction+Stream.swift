extension Transaction {
  /// A query's rows, `batch` at a time by a cursor, so that a result of any size takes the memory of one batch.
  ///
  /// - Parameter batch: at least 1; each batch is a round trip.
  package func stream(_ statement: Statement, _ parameters: [SQLValue] = [], batch: Int) -> RowBatches {
    RowBatches(transaction: self, statement: statement, parameters: parameters, batch: max(1, batch))
  }

  fileprivate nonisolated(nonsending) func openCursor(
    for statement: Statement, _ parameters: [SQLValue]
  ) async throws -> String {
    let name = nextCursorName()
    let declaration = Statement(
      name: statement.name, sql: "declare \(name) no scroll cursor without hold for\n\(statement.sql)")
    try await execute(declaration, parameters)
    return name
  }

  fileprivate nonisolated(nonsending) func fetch(_ batch: Int, from cursor: String, _ name: String) async throws
    -> [Row]
  {
    let results = try await perform([.control("fetch forward \(batch) from \(cursor)")], name: name)
    if case .rows(let set) = results.last { return set.rows }
    return []
  }

  fileprivate nonisolated(nonsending) func closeCursor(_ cursor: String, _ name: String) async throws {
    _ = try await perform([.control("close \(cursor)")], name: name)
  }
}

/// Batches of rows; each is fetched when it is asked for. Read by one task, within the transaction.
package struct RowBatches: AsyncSequence {
  package typealias Element = [Row]

  fileprivate let transaction: Transaction
  fileprivate let statement: Statement
  fileprivate let parameters: [SQLValue]
  fileprivate let batch: Int

  package struct Iterator: AsyncIteratorProtocol {
    private enum Phase {
      case unopened
      case open(cursor: String)
      case ended
    }

    private let batches: RowBatches
    private var phase = Phase.unopened

    fileprivate init(_ batches: RowBatches) { self.batches = batches }

    /// The next rows, never none; nil at the end.
    package mutating func next() async throws -> [Row]? {
      switch phase {
      case .ended: return nil
      case .unopened:
        let cursor = try await batches.transaction.openCursor(for: batches.statement, batches.parameters)
        phase = .open(cursor: cursor)
        return try await fetch(cursor)
      case .open(let cursor): return try await fetch(cursor)
      }
    }

    private mutating func fetch(_ cursor: String) async throws -> [Row]? {
      let name = batches.statement.name
      let rows = try await batches.transaction.fetch(batches.batch, from: cursor, name)
      if rows.count < batches.batch {
        phase = .ended
        try await batches.transaction.closeCursor(cursor, name)
      }
      return rows.isEmpty ? nil : rows
    }
  }

  package func makeAsyncIterator() -> Iterator { Iterator(self) }
}
