import CPostgres

/// The rows of one statement, in binary form, as libpq holds them; freed with the last row that refers to them.
///
/// `@unchecked Sendable`: a PGresult is never changed after libpq has handed it over, and reading it from any thread is
/// allowed (libpq, "Behavior in Threaded Programs"); the compiler cannot see either.
final class RowSet: @unchecked Sendable {
  private let result: OpaquePointer
  /// The statement's name, for errors.
  let statement: String
  let rowCount: Int
  let columnCount: Int

  /// Takes over `result`, and frees it.
  init(taking result: OpaquePointer, statement: String) {
    self.result = result
    self.statement = statement
    rowCount = Int(PQntuples(result))
    columnCount = Int(PQnfields(result))
  }

  deinit { PQclear(result) }

  func position(of name: String) -> Int? {
    (0..<columnCount).first { column in
      PQfname(result, Int32(column)).map { String(cString: $0) == name } ?? false
    }
  }

  func name(ofColumn column: Int) -> String? {
    PQfname(result, Int32(clamping: column)).map { String(cString: $0) }
  }

  func type(ofColumn column: Int) -> PostgresType {
    PostgresType(rawValue: PQftype(result, Int32(column)))
  }

  func isNull(row: Int, column: Int) -> Bool {
    PQgetisnull(result, Int32(row), Int32(column)) != 0
  }

  /// Gives the bytes of a value to `body`; nil when the value is null.
  func withBytes<Value, Failure: Error>(
    row: Int, column: Int, _ body: (RawSpan) throws(Failure) -> Value
  ) throws(Failure) -> Value? {
    guard !isNull(row: row, column: column), let start = PQgetvalue(result, Int32(row), Int32(column)) else {
      return nil
    }
    let length = Int(PQgetlength(result, Int32(row), Int32(column)))
    return try body(RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: length))
  }

  /// All rows, in the server's order.
  var rows: [Row] {
    (0..<rowCount).map { Row(result: self, index: $0) }
  }
}
