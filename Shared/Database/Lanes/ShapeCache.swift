import Synchronization

/// The shapes of the statements that this process has run, shared by all connections.
final class ShapeCache: Sendable {
  private let shapes: Mutex<LeastRecentlyUsed<String, StatementShape>>

  /// - Parameter capacity: statements on users' tables are many; a shape takes a few hundred bytes.
  init(capacity: Int = 8_192) {
    shapes = Mutex(LeastRecentlyUsed(capacity: capacity))
  }

  func known(_ statement: Statement) -> StatementShape? {
    shapes.withLock { $0.use(statement.sql) }
  }

  /// Keeps what PostgreSQL inferred; the first to come stays, for its identity is a key of other caches.
  func remember(_ statement: Statement, types: [PostgresType]) -> StatementShape {
    shapes.withLock { shapes in
      if let known = shapes.use(statement.sql) { return known }
      let shape = StatementShape(statement: statement, types: types)
      _ = shapes.insert(shape, for: statement.sql)
      return shape
    }
  }

  /// The schema may have changed under the statement: infer its types anew.
  func forget(_ statement: Statement) {
    shapes.withLock { _ = $0.remove(statement.sql) }
  }
}

extension Statement {
  /// - Throws: `.misuse` for COPY, which libpq would accept in a pipeline and then hang.
  func refuseCopy() throws(DatabaseError) {
    guard firstWord.lowercased() != "copy" else {
      throw DatabaseError(.misuse, "COPY runs by copyIn and copyOut only.", statement: name)
    }
  }

  /// The first word behind white space and comments.
  private var firstWord: Substring {
    var rest = sql[...]
    while true {
      rest = rest.drop { $0.isWhitespace }
      if rest.hasPrefix("--") {
        rest = rest.drop { !$0.isNewline }
      } else if rest.hasPrefix("/*"), let end = rest.range(of: "*/") {
        rest = rest[end.upperBound...]
      } else {
        return rest.prefix { $0.isLetter }
      }
    }
  }
}

extension Substring {
  fileprivate func range(of other: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
      start = index(after: start)
    }
    return nil
  }
}
