import Messages

/// The fields of a user's table, as far as a command line must know them: in the order of the definition.
struct TableShape: Sendable, Hashable {
  /// One field.
  struct Field: Sendable, Hashable {
    /// The technical name.
    var name: String
    /// Unspecified where the definition of another table would have to tell.
    var type: TypeV1.FieldType
  }

  private(set) var fields: [Field] = []

  /// No field is known.
  init() {}

  /// These fields, in this order.
  init(_ fields: [Field]) {
    self.fields = fields
  }

  /// The fields of a profile table: attributes, subscriptions, segments and references.
  init(_ table: ProfilesV1.ProfileTable) {
    fields += table.attributes.map { Field(name: $0.id, type: $0.type) }
    fields += table.subscriptions.map { Field(name: $0.id, type: .boolean) }
    fields += table.segments.map { Field(name: $0.id, type: $0.choices.isEmpty ? .boolean : .string) }
    fields += table.references.map { Field(name: $0.id, type: .string) }
  }

  /// The fields of a custom table: its profile, columns and links.
  init(_ table: TablesV1.CustomTable) {
    if let link = table.profileLink { fields.append(Field(name: link.id, type: .unspecified)) }
    fields += table.columns.map { Field(name: $0.id, type: $0.type) }
    fields += table.links.map { Field(name: $0.id, type: .unspecified) }
  }

  /// The type of a field; unspecified also for one that there is not, so that the server is who refuses it.
  func type(of name: String) -> TypeV1.FieldType {
    fields.first { $0.name == name }?.type ?? .unspecified
  }
}
