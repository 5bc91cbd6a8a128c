internal import Messages
internal import UserTables

/// The type of a field's values; Messages calls something else so, too.
typealias FieldType = UserTables.FieldType

/// A custom table as the service works with it: its definition, and the columns that PostgreSQL keeps it in.
struct CustomTableDefinition: Sendable {
  /// Within the licence, never used again; names the table `t<number>`.
  let number: Int64
  /// The number of the entity that it belongs to.
  let entity: Int64
  /// As callers see it.
  let message: TablesV1.CustomTable
  /// The profile table that its rows belong to; nil for a repository.
  let owner: ProfileOwner?
  /// The profile link, columns and links, in the order of the definition.
  let fields: [TableField]
  /// Every id of a column or link that the table ever had; a column's number is its place here, from 1.
  let everyID: [String]

  private let places: [String: Int]

  /// Gives the columns of a definition the numbers that they have had from the first.
  ///
  /// - Parameters:
  ///   - everyID: as it is kept; ids that it lacks are added behind it.
  ///   - targets: what each link leads to, by the link's id. A link without one is left out.
  init(
    number: Int64, entity: Int64, message: TablesV1.CustomTable, owner: ProfileOwner?, everyID: [String],
    targets: [String: LinkTarget]
  ) throws(DefinitionFault) {
    var everyID = everyID
    func place(_ id: String) -> Int {
      if let place = everyID.firstIndex(of: id) { return place + 1 }
      everyID.append(id)
      return everyID.count
    }
    var fields: [TableField] = []
    if let owner, let link = message.profileLink {
      fields.append(TableField(profileLink: link, keyType: owner.keyType))
    }
    for column in message.columns { fields.append(try TableField(column: column, number: place(column.id))) }
    for link in message.links {
      let number = place(link.id)
      if let target = targets[link.id] { fields.append(TableField(link: link, number: number, target: target)) }
    }
    self.number = number
    self.entity = entity
    self.message = message
    self.owner = owner
    self.fields = fields
    self.everyID = everyID
    self.places = Dictionary(fields.enumerated().map { ($1.storage.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The field of a technical name.
  func field(_ id: String) -> TableField? {
    places[id].map { fields[$0] }
  }

  /// The table of the rows.
  var rows: String { Self.rows(of: number) }

  /// The table of the rows of a custom table by number.
  static func rows(of number: Int64) -> String { "t\(number)" }

  /// The column that addresses rows; nil where numbers alone do.
  var key: TableField? { message.keyColumn.isEmpty ? nil : field(message.keyColumn) }

  /// The field that names a row's profile; nil for a repository.
  var profileLink: TableField? { fields.first { $0.kind == .profile } }

  /// The links to rows of other tables.
  var links: [TableField] { fields.filter { $0.target != nil } }

  /// How the rows of one profile are ordered: newest first, by what the index holds.
  var newestFirst: String { timeColumn.map { "\($0) DESC, id DESC" } ?? "id DESC" }

  /// The column that says when an interaction happened.
  var timeColumn: String? { message.timeColumn.isEmpty ? nil : field(message.timeColumn)?.column }

  /// The index or constraint of a field, by which PostgreSQL says what is wrong.
  func constraint(of field: TableField) -> String { "\(rows)_\(field.column)" }

  /// The field that a broken index or constraint is of.
  func field(ofConstraint name: String?) -> TableField? {
    fields.first { constraint(of: $0) == name }
  }
}

/// The profile table that rows belong to.
struct ProfileOwner: Sendable, Hashable {
  /// `entities/{entity}/profileTables/{profile_table}`.
  let name: String
  /// Its number in Profiles.
  let number: Int64
  /// The unique attribute that rows name their profile by; empty: the profile's number.
  let keyAttribute: String
  /// That attribute's type.
  let keyType: FieldType
}

/// What a link leads to.
struct LinkTarget: Sendable, Hashable {
  /// The custom table, by number.
  let table: Int64
  /// Its key column, by number, and that column's type.
  let column: Int
  let type: FieldType

  /// The table of its rows.
  var rows: String { CustomTableDefinition.rows(of: table) }
  /// The column that carries the key.
  var key: String { "c\(column)" }
}

/// One field of a row: a column, a link, or the profile that the row belongs to.
struct TableField: Sendable {
  /// What kind of field it is.
  enum Kind: Sendable, Hashable {
    case column
    case profile
    case link(LinkTarget, TablesV1.OnDelete)
  }

  let kind: Kind
  /// How its values are typed and checked as callers send them: a link carries the other row's key, the profile link the
  /// profile's.
  let storage: FieldDefinition

  /// The column that PostgreSQL keeps it in.
  var column: String { kind == .profile ? "profile" : storage.column }

  /// The type of what is kept: of a profile, its number.
  var keptType: FieldType { kind == .profile ? .integer : storage.type }

  /// What it leads to, if it is a link.
  var target: LinkTarget? {
    if case .link(let target, _) = kind { target } else { nil }
  }

  init(column: TablesV1.Column, number: Int) throws(DefinitionFault) {
    guard var storage = FieldDefinition(id: column.id, number: number, bounds: column.bounds) else {
      throw DefinitionFault("columns", "The column “\(column.id)” has no known type. Set one.")
    }
    storage.isRequired = column.required
    self.kind = .column
    self.storage = storage
  }

  init(profileLink: TablesV1.ProfileLink, keyType: FieldType) {
    kind = .profile
    var storage = FieldDefinition(id: profileLink.id, number: 0, type: keyType)
    storage.isRequired = true
    self.storage = storage
  }

  init(link: TablesV1.RowLink, number: Int, target: LinkTarget) {
    kind = .link(target, link.onDelete)
    var storage = FieldDefinition(id: link.id, number: number, type: target.type)
    storage.isRequired = link.required
    self.storage = storage
  }
}

extension TablesV1.Column {
  /// What its values are held to.
  var bounds: FieldRules.Bounds {
    var bounds = FieldRules.Bounds(type: type)
    bounds.isUnique = unique
    bounds.isIndexed = indexed
    bounds.minLength = minLength
    bounds.maxLength = maxLength
    bounds.acceptedValues = acceptedValues
    return bounds
  }
}
