internal import Messages
internal import UserTables

/// What a definition of a custom table must hold to, by itself. What it names is looked up elsewhere.
enum CustomTableRules {
  /// Checks a definition as a whole.
  ///
  /// - Throws: ``DefinitionFault`` with the first thing that is wrong.
  static func check(_ table: TablesV1.CustomTable) throws(DefinitionFault) {
    try FieldRules.checkLabel(table.displayName, at: "display_name")
    guard [.interactions, .linkedData, .repository].contains(table.type) else {
      throw DefinitionFault("type", "The type is not set, or unknown. Set INTERACTIONS, LINKED_DATA or REPOSITORY.")
    }
    try FieldRules.check(names(of: table), list: "columns")
    for (index, column) in table.columns.enumerated() { try FieldRules.check(column.bounds, at: "columns[\(index)]") }
    for (index, link) in table.links.enumerated() { try check(link, at: "links[\(index)]") }
    try checkProfile(of: table)
    try checkKey(of: table)
    try checkTime(of: table)
  }

  private static func names(of table: TablesV1.CustomTable) -> [FieldRules.Name] {
    var names = table.columns.enumerated().map {
      FieldRules.Name("columns[\($0)]", id: $1.id, displayName: $1.displayName)
    }
    names += table.links.enumerated().map { .init("links[\($0)]", id: $1.id, displayName: $1.displayName) }
    if let link = table.profileLink { names.append(.init("profile_link", id: link.id, displayName: "")) }
    return names
  }

  private static func check(_ link: TablesV1.RowLink, at path: String) throws(DefinitionFault) {
    guard [.unspecified, .cascade, .setNull].contains(link.onDelete) else {
      throw DefinitionFault("\(path).on_delete", "The rule is unknown. Set a known one, or none.")
    }
    if link.required && link.onDelete == .setNull {
      throw DefinitionFault(
        "\(path).on_delete", "A required link cannot be cleared. Make it optional, or choose another rule.")
    }
  }

  private static func checkProfile(of table: TablesV1.CustomTable) throws(DefinitionFault) {
    if table.type == .repository {
      guard table.profileTable.isEmpty else {
        throw DefinitionFault("profile_table", "The rows of a repository belong to no profile. Leave it out.")
      }
      guard table.profileLink == nil else {
        throw DefinitionFault("profile_link", "The rows of a repository belong to no profile. Leave it out.")
      }
      return
    }
    guard !table.profileTable.isEmpty else {
      throw DefinitionFault("profile_table", "The rows of such a table belong to profiles. Name their profile table.")
    }
    guard table.profileLink != nil else {
      throw DefinitionFault("profile_link", "The rows of such a table belong to profiles. Say how they name them.")
    }
  }

  private static func checkKey(of table: TablesV1.CustomTable) throws(DefinitionFault) {
    if table.keyColumn.isEmpty {
      guard table.type != .repository else {
        throw DefinitionFault("key_column", "A repository needs a key. Name a unique, required column.")
      }
      return
    }
    guard let column = table.columns.first(where: { $0.id == table.keyColumn }) else {
      throw DefinitionFault("key_column", "The table has no column “\(table.keyColumn)”. Name one that it has.")
    }
    guard column.unique && column.required else {
      throw DefinitionFault("key_column", "The key “\(column.id)” is not unique and required. Make it both.")
    }
  }

  private static func checkTime(of table: TablesV1.CustomTable) throws(DefinitionFault) {
    if table.type != .interactions {
      guard table.timeColumn.isEmpty else {
        throw DefinitionFault("time_column", "Only interactions happen at a time. Leave it out.")
      }
      return
    }
    guard let column = table.columns.first(where: { $0.id == table.timeColumn }) else {
      throw DefinitionFault("time_column", "Interactions happen at a time. Name a column of the table that says when.")
    }
    guard column.type == .timestamp && column.required else {
      throw DefinitionFault("time_column", "The column “\(column.id)” is not a required TIMESTAMP. Make it one.")
    }
  }
}

// MARK: - What a definition names

extension CustomTableRules {
  /// The owner of a table's rows.
  ///
  /// - Parameters:
  ///   - profileTable: that ``TablesV1/CustomTable/profileTable`` names.
  ///   - number: its number.
  static func owner(
    of table: TablesV1.CustomTable, _ profileTable: ProfilesV1.ProfileTable, number: Int64
  ) throws(DefinitionFault) -> ProfileOwner {
    let key = table.profileLink?.keyAttribute ?? ""
    if key.isEmpty {
      return ProfileOwner(name: table.profileTable, number: number, keyAttribute: "", keyType: .integer)
    }
    let path = "profile_link.key_attribute"
    guard let attribute = profileTable.attributes.first(where: { $0.id == key }) else {
      throw DefinitionFault(path, "The profile table has no attribute “\(key)”. Name a unique one.")
    }
    // E-mail addresses are unique unless the table says otherwise.
    guard attribute.unique ?? (attribute.meaning == .emailAddress), let type = FieldType(attribute.type) else {
      throw DefinitionFault(path, "The attribute “\(key)” is not unique. Name a unique one.")
    }
    return ProfileOwner(name: table.profileTable, number: number, keyAttribute: key, keyType: type)
  }

  /// Checks that a table may link to another, and gives what the link needs to know.
  ///
  /// - Parameter path: `links[0]`.
  static func target(
    of table: TablesV1.CustomTable, _ target: CustomTableDefinition, at path: String
  ) throws(DefinitionFault) -> LinkTarget {
    let path = "\(path).table"
    guard let key = target.key else {
      throw DefinitionFault(path, "The table has no key column, by which rows are linked to. Name one that has.")
    }
    let mayLink =
      target.message.type == .repository || (table.type == .interactions && target.message.type == .interactions)
    guard mayLink else {
      throw DefinitionFault(path, "Rows link to repositories, and interactions to interactions. Name such a table.")
    }
    guard target.message.type == .repository || target.message.profileTable == table.profileTable else {
      throw DefinitionFault(path, "The interactions there belong to another profile table. Name a table of the same.")
    }
    return LinkTarget(table: target.number, column: key.storage.number, type: key.storage.type)
  }
}

// MARK: - Changes

extension CustomTableRules {
  /// Checks that a changed definition only adds, and changes nothing that stored data depends on.
  ///
  /// - Parameter hasRows: whether the table has rows, which a new required column would leave without a value.
  /// - Throws: ``DefinitionFault`` with the first thing that is wrong.
  static func checkChange(
    from old: CustomTableDefinition, to new: CustomTableDefinition, hasRows: Bool
  ) throws(DefinitionFault) {
    for field in old.fields {
      let list = field.target == nil ? "columns" : "links"
      guard let changed = new.field(field.storage.id) else {
        throw DefinitionFault(list, "“\(field.storage.id)” is missing. Columns and links are not removed; keep it.")
      }
      guard field.kind == changed.kind else {
        throw DefinitionFault(list, "“\(field.storage.id)” cannot change what it is or leads to. Add another.")
      }
      guard field.storage.isIndexed == changed.storage.isIndexed else {
        throw DefinitionFault(list, "“\(field.storage.id)” cannot become indexed, or cease to be. Keep it.")
      }
      try FieldRules.checkChange(from: field.storage, to: changed.storage, at: list)
    }
    for field in new.fields where old.field(field.storage.id) == nil && hasRows && field.storage.isRequired {
      let list = field.target == nil ? "columns" : "links"
      throw DefinitionFault(
        list, "The new “\(field.storage.id)” is required, but there are rows without it. Make it optional.")
    }
  }
}
