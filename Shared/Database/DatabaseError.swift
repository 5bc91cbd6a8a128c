/// Why a statement failed, or why it was never sent.
///
/// Catch it by kind; the constraint tells which rule was broken:
/// ```swift
/// catch let error as DatabaseError where error.kind == .uniqueViolation && error.constraint == "profiles_email" { … }
/// ```
/// It never carries a parameter or a stored value: of PostgreSQL's texts only those are kept that name structure.
package struct DatabaseError: Error, Sendable, Hashable {
  /// What to do about it; finer distinctions are in ``sqlState``.
  package enum Kind: String, Sendable, Hashable {
    /// The server could not be reached in time, or goes down, or starts.
    case unavailable
    /// The bounded queue or pool is full.
    case overloaded
    /// The connection broke after the statement was sent; see ``DatabaseError/isSafeToRetry``.
    case connectionLost
    /// A limit of time passed: statement_timeout, the transaction's own, or the wait for a connection.
    case timeout
    /// Another transaction held the lock for longer than lock_timeout.
    case lockTimeout
    /// PostgreSQL refused to order this transaction among its neighbours (40001).
    case serializationFailure
    /// PostgreSQL ended this transaction to break a deadlock (40P01).
    case deadlock
    /// A unique index already holds the key (23505).
    case uniqueViolation
    /// A referenced row is missing, or a row is still referenced (23503).
    case foreignKeyViolation
    /// A CHECK constraint or a view's check option refused the row (23514, 44000).
    case checkViolation
    /// A column that must have a value got none (23502).
    case notNullViolation
    /// An exclusion constraint refused the row (23P01).
    case exclusionViolation
    /// The role may not do this, or does not exist (42501, class 28).
    case permissionDenied
    /// A table, column, function, schema, role or database that the statement names does not exist.
    case undefinedObject
    /// The object exists already (42P07, 42710 and their like).
    case duplicateObject
    /// A value does not fit its type: refused here before sending, or by PostgreSQL (class 22).
    case invalidValue
    /// A column of a result has another type, is null, or is missing.
    case unexpectedResult
    /// A write on the lane for reads (25006).
    case readOnly
    /// Out of memory, disk or connections (class 53).
    case insufficientResources
    /// This library was used against its rules, such as a transaction after its closure.
    case misuse
    /// Anything else: read ``sqlState``.
    case other
  }

  /// The SQLSTATE of a full disk.
  package static let diskFull = "53100"

  package let kind: Kind
  /// PostgreSQL's five characters, when the server said so.
  package let sqlState: String?
  /// The name of the statement that failed.
  package internal(set) var statement: String?
  /// The constraint that was broken.
  package internal(set) var constraint: String?
  /// The table it stands on, or that the error is about.
  package internal(set) var table: String?
  /// The column it is about.
  package internal(set) var column: String?
  /// One sentence without values.
  package let message: String
  /// True: nothing of this call took effect, and the same call may succeed later. False: it would fail again, or it is
  /// in doubt whether it took effect.
  package internal(set) var isSafeToRetry: Bool
  /// What lets this library try again by itself.
  var cause = Cause.statement

  enum Cause: Sendable, Hashable {
    /// The statement itself.
    case statement
    /// It was not prepared on this connection as was thought; nothing else is wrong.
    case staleStatement
    /// The connection was lost before it was sent.
    case notSent
  }

  init(
    _ kind: Kind, _ message: String, sqlState: String? = nil, statement: String? = nil, column: String? = nil,
    isSafeToRetry: Bool = false
  ) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.statement = statement
    self.column = column
    self.isSafeToRetry = isSafeToRetry
  }
}

extension DatabaseError: CustomStringConvertible {
  package var description: String {
    var text = message
    if let statement { text = "\(statement): \(text)" }
    let notes = [
      sqlState.map { "SQLSTATE \($0)" }, constraint.map { "constraint \($0)" }, table.map { "table \($0)" },
      column.map { "column \($0)" },
    ]
    let present = notes.compactMap(\.self)
    return present.isEmpty ? text : "\(text) (\(present.joined(separator: ", ")))"
  }
}
