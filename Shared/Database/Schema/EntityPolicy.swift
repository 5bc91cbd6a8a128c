/// Row-level security of a table that entities share: each entity's role sees its own rows, the worker all.
package enum EntityPolicy {
  /// Holds for the rows of the entity whose role is taken.
  ///
  /// The entity is read from the role's name, `…_e<n>`. It is an expression over a stable function, so it can be an index
  /// condition and leaves prepared plans as they are when the role changes.
  package static let isOwn = "entity = substring(current_user::text FROM '_e([0-9]+)$')::bigint"

  /// Statements for a migration.
  ///
  /// - Parameters:
  ///   - table: has a column `entity` of type bigint.
  ///   - rights: of the entities' roles; the worker may also delete.
  package static func sql(forTable table: String, granting rights: String) -> String {
    """
    ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY;
    CREATE POLICY entity ON \(table) TO {entities}
      USING (\(isOwn));
    CREATE POLICY worker ON \(table) TO {worker} USING (true);
    GRANT \(rights) ON \(table) TO {entities};
    GRANT SELECT, INSERT, UPDATE, DELETE ON \(table) TO {worker};
    """
  }
}
