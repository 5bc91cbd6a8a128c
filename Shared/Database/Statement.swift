/// One SQL statement, whole, as it stands in the source: a `static let` beside the function that runs it.
///
/// Values are parameters (`$1`…), identifiers pass through ``quoted(_:)``. PostgreSQL infers the parameters' types from
/// the statement, so a parameter that says nothing of its type needs a cast: `unnest($1::bigint[])`.
package struct Statement: Sendable, Hashable {
  /// Names the statement in errors, logs and metrics: "profiles.get". It carries no values.
  package let name: String
  /// A single statement, without a semicolon at its end.
  package let sql: String

  /// Makes a statement; nothing is checked before it is run.
  package init(name: String, sql: String) {
    self.name = name
    self.sql = sql
  }
}
