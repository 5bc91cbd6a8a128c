import CPostgres

/// A PGresult and its end, until its rows are handed on.
struct OpaqueResult: ~Copyable {
  let pointer: OpaquePointer

  init(taking pointer: OpaquePointer) { self.pointer = pointer }

  deinit { PQclear(pointer) }

  var status: ExecStatusType { PQresultStatus(pointer) }

  /// "INSERT 0 1", "COMMIT".
  var tag: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

  var affectedRows: Int64 { PQcmdTuples(pointer).flatMap { Int64(String(cString: $0)) } ?? 0 }

  /// Of the answer to a description; else empty.
  var parameterTypes: [PostgresType] {
    (0..<PQnparams(pointer)).map { PostgresType(rawValue: PQparamtype(pointer, $0)) }
  }

  func field(_ code: Int32) -> String? { PQresultErrorField(pointer, code).map { String(cString: $0) } }

  consuming func rows(of statement: String) -> RowSet {
    let pointer = self.pointer
    discard self
    return RowSet(taking: pointer, statement: statement)
  }
}
