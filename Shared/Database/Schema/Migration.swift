/// One step of a schema's history. Once released, it is never edited.
package struct Migration: Sendable, Hashable {
  /// From 1 without gaps.
  package let number: Int
  /// Says what it does: "profile tables".
  package let name: String
  /// Statements separated by semicolons, run as the owner in one transaction with the schema as search path. It opens
  /// with a comment that gives its reason and its lock.
  ///
  /// Names of roles differ between databases, so it writes `{login}`, `{worker}`, `{entities}`, `{owner}` for them and
  /// `{schema}` for the schema; each stands for the quoted identifier.
  package let sql: String

  package init(number: Int, name: String, sql: String) {
    self.number = number
    self.name = name
    self.sql = sql
  }
}

extension Migration {
  /// The statements with the names of this database's roles.
  func script(for roles: RoleNames) throws(DatabaseError) -> String {
    var script = sql
    for (placeholder, name) in [
      ("{schema}", roles.schema), ("{login}", roles.login), ("{worker}", roles.worker),
      ("{entities}", roles.entities), ("{owner}", roles.owner),
    ] {
      let quotedName = try quoted(name)
      script = script.split(separator: placeholder, omittingEmptySubsequences: false).joined(separator: quotedName)
    }
    return script
  }
}
