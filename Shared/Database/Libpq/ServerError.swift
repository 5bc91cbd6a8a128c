import CPostgres

/// An error as the server sent it, without the fields that may hold values (DETAIL, HINT, CONTEXT and the like).
struct ServerError: Error, Equatable {
  let sqlState: String
  /// The server ends the session: its other commands are lost, too.
  let isFatal: Bool
  let message: String
  let table: String?
  let column: String?
  let constraint: String?
  /// The function of PostgreSQL's source that raised it; names a cause that shares its SQLSTATE with others.
  let source: String?

  init(_ result: borrowing OpaqueResult) {
    sqlState = result.field(Field.sqlState) ?? ""
    let severity = result.field(Field.severity) ?? "FATAL"
    // libpq's own errors (a broken connection, memory) have neither severity nor SQLSTATE.
    isFatal = severity == "FATAL" || severity == "PANIC"
    message = result.field(Field.message) ?? ""
    table = result.field(Field.table)
    column = result.field(Field.column)
    constraint = result.field(Field.constraint)
    source = result.field(Field.source)
  }

  init(sqlState: String, message: String = "", isFatal: Bool = false, constraint: String? = nil, source: String? = nil)
  {
    self.sqlState = sqlState
    self.isFatal = isFatal
    self.message = message
    self.table = nil
    self.column = nil
    self.constraint = constraint
    self.source = source
  }

  /// The prepared statement is unknown (26000), or its result has other columns since a change of the schema: it must be
  /// prepared again.
  var isStaleStatement: Bool {
    sqlState == "26000" || (sqlState == "0A000" && source == "RevalidateCachedQuery")
  }

  /// set_config('role', …) was given a name that no role has.
  var isUnknownRole: Bool { sqlState == "22023" && source == "call_string_check_hook" }
}

/// The fields of an error (postgres_ext.h, PG_DIAG_…, macros of C characters that Swift does not import).
private enum Field {
  static let severity = Int32(UInt8(ascii: "V"))
  static let sqlState = Int32(UInt8(ascii: "C"))
  static let message = Int32(UInt8(ascii: "M"))
  static let table = Int32(UInt8(ascii: "t"))
  static let column = Int32(UInt8(ascii: "c"))
  static let constraint = Int32(UInt8(ascii: "n"))
  static let source = Int32(UInt8(ascii: "R"))
}
