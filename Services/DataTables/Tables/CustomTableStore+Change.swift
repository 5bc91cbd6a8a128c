internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

extension CustomTableStore {
  // MARK: - Creating

  /// Creates a table of a checked definition.
  ///
  /// - Parameters:
  ///   - links: the ids of the tables that its links name, in their order; its own id among them is a link to itself.
  /// - Returns: nil when the entity has a table of this id, whatever its case.
  /// - Throws: ``DefinitionFault`` when a link leads where it may not, ``RPCError`` NOT_FOUND when it leads nowhere.
  func create(
    _ message: TablesV1.CustomTable, id: String, entity: Int64, owner: ProfileOwner?, links: [String]
  ) async throws -> CustomTableDefinition? {
    try await ensureRole(of: entity)
    let draft = try CustomTableDefinition(
      number: 0, entity: entity, message: message, owner: owner, everyID: [], targets: [:])
    return try await schema.transaction { transaction in
      let inserted = try await transaction.execute(
        Self.insert,
        [
          .int(entity), .text(id), .bytes(message.encoded()), .textArray(draft.everyID.map(Optional.some)),
          .optional(owner?.number), .optional(owner?.keyType.number),
        ])
      guard let number = try inserted.first?.int(0) else { return nil }
      let own = try CustomTableDefinition(
        number: number, entity: entity, message: message, owner: owner, everyID: draft.everyID, targets: [:])
      try await record(links, of: own, in: transaction)
      guard let table = try await locked(id, entity: entity, in: transaction) else { return nil }
      for statement in try CustomTableSchema.creation(of: table, role: roles.entity(entity)) {
        try await transaction.execute(statement)
      }
      return table
    }
  }

  private static let insert = Statement(
    name: "custom_tables.insert",
    sql: """
      INSERT INTO custom_tables (entity, id, definition, every_id, profile_table, profile_key_type)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (entity, lower(id)) DO NOTHING
      RETURNING number
      """)

  /// Looks up what links lead to, and records those that are new.
  ///
  /// - Parameter table: as it will be; its own number counts.
  private func record(
    _ links: [String], of table: CustomTableDefinition, in transaction: Transaction
  ) async throws {
    for (index, id) in links.enumerated() {
      let path = "links[\(index)]"
      let link = table.message.links[index]
      var target = table
      if link.table != table.message.name {
        let found = try await transaction.execute(Self.share, [.int(table.entity), .text(id)])
        guard let row = found.first else {
          throw RPCError.notFound(try ResourceName(link.table))
        }
        target = try Self.definition(row)
      }
      let checked = try CustomTableRules.target(of: table.message, target, at: path)
      guard let place = table.everyID.firstIndex(of: link.id) else { continue }
      try await transaction.execute(
        Self.link,
        [
          .int(table.entity), .int(table.number), .int(Int64(place + 1)), .int(checked.table),
          .int(Int64(checked.column)), .int(checked.type.number),
        ])
    }
  }

  // A table that is linked to is not deleted until the link is recorded.
  private static let share = Statement(
    name: "custom_tables.share",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE entity = $1 AND id = $2
      FOR SHARE OF custom_tables
      """)

  private static let link = Statement(
    name: "custom_tables.link",
    sql: """
      INSERT INTO table_links (entity, source, column_number, target, target_column, target_type)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (source, column_number) DO NOTHING
      """)

  private func locked(
    _ id: String, entity: Int64, in transaction: Transaction
  ) async throws -> CustomTableDefinition? {
    try await transaction.execute(Self.lock, [.int(entity), .text(id)]).first.map(Self.definition)
  }

  private static let lock = Statement(
    name: "custom_tables.lock",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE entity = $1 AND id = $2
      FOR UPDATE OF custom_tables
      """)

  // MARK: - Changing

  /// Changes a table's definition.
  ///
  /// - Parameters:
  ///   - id: of the table.
  ///   - change: makes the new definition from the one that holds now, and checks it on its own; gives the ids of the
  ///     tables that its links name, too.
  /// - Returns: nil when the entity has no such table.
  /// - Throws: ``DefinitionFault`` when stored data depends on what would change.
  func update(
    _ id: String, entity: Int64,
    change: @escaping @Sendable (TablesV1.CustomTable) throws -> (message: TablesV1.CustomTable, links: [String])
  ) async throws -> CustomTableDefinition? {
    try await schema.transaction { transaction in
      guard let old = try await locked(id, entity: entity, in: transaction) else { return nil }
      let (message, links) = try change(old.message)
      let own = try CustomTableDefinition(
        number: old.number, entity: entity, message: message, owner: old.owner, everyID: old.everyID, targets: [:])
      try await record(links, of: own, in: transaction)
      try await transaction.execute(
        Self.replace, [.int(old.number), .bytes(message.encoded()), .textArray(own.everyID.map(Optional.some))])
      guard let new = try await locked(id, entity: entity, in: transaction) else { return nil }
      try CustomTableRules.checkChange(from: old, to: new, hasRows: await hasRows(old, in: transaction))
      for statement in CustomTableSchema.changes(from: old, to: new) { try await transaction.execute(statement) }
      return new
    }
  }

  private static let replace = Statement(
    name: "custom_tables.replace",
    sql: """
      UPDATE custom_tables
      SET definition = $2, every_id = $3, version = version + 1, updated_at = now()
      WHERE number = $1
      """)

  private func hasRows(_ table: CustomTableDefinition, in transaction: Transaction) async throws -> Bool {
    let statement = Statement(name: "custom_tables.any_row", sql: "SELECT id FROM \(table.rows) LIMIT 1")
    return try await transaction.execute(statement).isEmpty == false
  }

  // MARK: - Deleting

  /// What came of deleting a table.
  enum Deletion: Sendable {
    case deleted
    case hasRows
    /// Tables that link to it, by name.
    case isLinkedTo([String])
    case notFound
  }

  /// Deletes a table with its rows and its imports, and tells the log.
  func delete(_ id: String, entity: Int64, evenWithRows: Bool) async throws -> Deletion {
    try await schema.transaction { transaction in
      guard let table = try await locked(id, entity: entity, in: transaction) else { return .notFound }
      let linking = try await Self.list(linkingTo: table.number, in: transaction).filter { $0.number != table.number }
      if !linking.isEmpty { return .isLinkedTo(linking.map(\.message.name)) }
      if !evenWithRows, try await hasRows(table, in: transaction) { return .hasRows }
      for statement in CustomTableSchema.deletion(of: table) { try await transaction.execute(statement) }
      var event = InternalV1.CustomTableDeleted()
      event.customTable = table.number
      try await Log.append([LogEntry(event, entity: entity)], in: transaction)
      return .deleted
    }
  }
}
