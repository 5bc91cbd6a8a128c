/// Row-level security of a table that entities share: each entity's role sees its own rows, the worker all.
package enum EntityPolicy {
  /// Statements for a migration.
  ///
  /// The entity is read from the role's name, `…_e<n>`. It is an expression over a stable function, so it can be an index
  /// condition and leaves prepared plans as they are when the role changes.
  ///
  /// - Parameters:
  ///   - table: has a column `entity` of type bigint.
  ///   - rights: of the entities' roles; the worker may also delete.
  package static func sql(forTable table: String, granting rights: String) -> String {
    """
    ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY;
    CREATE POLICY entity ON \(table) TO {entities}
      USING (entity = substring(current_user::text FROM '_e([0-9]+)$')::bigint);
    CREATE POLICY worker ON \(table) TO {worker} USING (true);
    GRANT \(rights) ON \(table) TO {entities};
    GRANT SELECT, INSERT, UPDATE, DELETE ON \(table) TO {worker};
    """
  }
}
