/// The one place where PostgreSQL's errors become ours.
extension DatabaseError {
  init(_ error: ServerError, statement: String?) {
    let kind = error.isUnknownRole ? .permissionDenied : Self.kind(ofSQLState: error.sqlState)
    self.init(
      kind, Self.message(for: error), sqlState: error.sqlState.isEmpty ? nil : error.sqlState, statement: statement,
      column: error.column, isSafeToRetry: Self.mayPass(kind) || error.isStaleStatement)
    constraint = error.constraint
    table = error.table
    if error.isStaleStatement { cause = .staleStatement }
  }

  /// An error of the server means that the transaction has left no trace; these may succeed when tried again.
  private static func mayPass(_ kind: Kind) -> Bool {
    switch kind {
    case .unavailable, .overloaded, .timeout, .lockTimeout, .serializationFailure, .deadlock, .insufficientResources:
      true
    default: false
    }
  }

  /// PostgreSQL, Appendix A "PostgreSQL Error Codes".
  private static func kind(ofSQLState state: String) -> Kind {
    switch state {
    case "40001": .serializationFailure
    case "40P01": .deadlock
    case "55P03": .lockTimeout
    case "57014", "25P03": .timeout
    case "23505": .uniqueViolation
    case "23503", "23001": .foreignKeyViolation
    case "23514", "44000": .checkViolation
    case "23502": .notNullViolation
    case "23P01": .exclusionViolation
    case "25006": .readOnly
    case "42501": .permissionDenied
    case "42P01", "42703", "42883", "42704", "3F000", "3D000", "42P02": .undefinedObject
    case "42P07", "42710", "42701", "42723", "42P06", "42P04": .duplicateObject
    case "53300": .overloaded
    default: kind(ofClass: state.prefix(2))
    }
  }

  private static func kind(ofClass characters: Substring) -> Kind {
    switch characters {
    case "08": .connectionLost
    case "22": .invalidValue
    case "28": .permissionDenied
    case "53": .insufficientResources
    case "57": .unavailable
    default: .other
    }
  }

  /// PostgreSQL's sentence where it names structure only. A data exception (class 22) quotes values, and what a function
  /// raises (class P0) may hold anything.
  private static func message(for error: ServerError) -> String {
    if error.isUnknownRole { return "The role does not exist." }
    return switch error.sqlState.prefix(2) {
    case "08", "0A", "23", "25", "26", "28", "2B", "2D", "34", "3B", "3D", "3F", "40", "42", "44", "53", "54", "55",
      "57",
      "XX", "":
      error.message
    case "22": "A value does not fit its type or the operation on it."
    default: "PostgreSQL refused the statement."
    }
  }
}
