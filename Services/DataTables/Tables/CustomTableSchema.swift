internal import Database
internal import Messages
internal import UserTables

/// The statements that make, change and drop the tables of rows.
enum CustomTableSchema {
  // MARK: - Creating

  /// - Parameter role: the entity's, which gets all rights of rows.
  static func creation(of table: CustomTableDefinition, role: String) throws -> [Statement] {
    var columns = [
      "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
      "created_at timestamp with time zone NOT NULL DEFAULT now()",
      "updated_at timestamp with time zone NOT NULL DEFAULT now()",
    ]
    columns += table.fields.map(column)
    let rows = """
      CREATE TABLE \(table.rows) (
        \(columns.joined(separator: ",\n  "))
      )
      """
    var texts = [rows]
    if table.owner != nil {
      texts.append("CREATE INDEX \(table.rows)_profile ON \(table.rows) (profile, \(table.newestFirst))")
    }
    texts += table.fields.compactMap { index(on: $0, of: table) }
    texts += table.links.compactMap { foreignKey(of: $0, of: table) }
    texts.append("GRANT SELECT, INSERT, UPDATE, DELETE ON \(table.rows) TO \(try quoted(role))")
    return texts.map { Statement(name: "custom_tables.create", sql: $0) }
  }

  private static func column(_ field: TableField) -> String {
    "\(field.column) \(field.keptType.sqlType)\(field.storage.isRequired ? " NOT NULL" : "")"
  }

  private static func index(on field: TableField, of table: CustomTableDefinition) -> String? {
    let name = table.constraint(of: field)
    if field.storage.isUnique { return "CREATE UNIQUE INDEX \(name) ON \(table.rows) (\(field.column))" }
    // A link's index serves the deletion of the rows that it leads to.
    guard field.storage.isIndexed || field.target != nil else { return nil }
    return "CREATE INDEX \(name)_index ON \(table.rows) (\(field.column))"
  }

  /// What a deletion does along the links is done and told to the log row by row; the foreign key holds it all the same,
  /// whoever deletes. It is deferrable so that rows that link to each other can go together.
  private static func foreignKey(of field: TableField, of table: CustomTableDefinition) -> String? {
    guard case .link(let target, let onDelete) = field.kind else { return nil }
    let action =
      switch onDelete {
      case .cascade: "CASCADE"
      case .setNull: "SET NULL"
      default: "NO ACTION"
      }
    return """
      ALTER TABLE \(table.rows) ADD CONSTRAINT \(table.constraint(of: field))
        FOREIGN KEY (\(field.column)) REFERENCES \(target.rows) (\(target.key))
        ON UPDATE CASCADE ON DELETE \(action) DEFERRABLE INITIALLY IMMEDIATE
      """
  }

  // MARK: - Changing

  /// Adds what a definition has more than before.
  static func changes(from old: CustomTableDefinition, to new: CustomTableDefinition) -> [Statement] {
    var texts: [String] = []
    for field in new.fields where old.field(field.storage.id) == nil {
      texts.append("ALTER TABLE \(new.rows) ADD COLUMN \(column(field))")
      if let index = index(on: field, of: new) { texts.append(index) }
      if let foreignKey = foreignKey(of: field, of: new) { texts.append(foreignKey) }
    }
    return texts.map { Statement(name: "custom_tables.alter", sql: $0) }
  }

  // MARK: - Deleting

  /// Drops a table with all that is kept about it.
  static func deletion(of table: CustomTableDefinition) -> [Statement] {
    [
      "DROP TABLE \(table.rows)",
      "DELETE FROM imports WHERE table_number = \(table.number)",
      "DELETE FROM custom_tables WHERE number = \(table.number)",
    ].map { Statement(name: "custom_tables.delete", sql: $0) }
  }
}
