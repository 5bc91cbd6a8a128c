internal import Messages
internal import ServiceKit
internal import UserTables

/// What a definition of a profile table must hold to.
enum ProfileTableRules {
  /// The meaning that the standard attributes have by their name.
  private static let standard: [String: ProfilesV1.AttributeMeaning] = [
    "emailAddress": .emailAddress, "gsmNumber": .mobileNumber, "motherLanguage": .motherLanguage,
    "firstName": .firstName, "lastName": .lastName, "birthDate": .birthDate, "addressCountry": .country,
    "marketingConsent": .marketingConsent,
  ]

  /// The one type that a meaning goes with.
  private static let types: [ProfilesV1.AttributeMeaning: TypeV1.FieldType] = [
    .emailAddress: .email, .mobileNumber: .phone, .motherLanguage: .language, .marketingConsent: .boolean,
    .birthDate: .date, .firstName: .string, .lastName: .string, .country: .country, .timeZone: .string,
  ]

  /// The definition with what follows from its names spelled out.
  static func completed(_ table: ProfilesV1.ProfileTable) -> ProfilesV1.ProfileTable {
    var table = table
    for index in table.attributes.indices where table.attributes[index].meaning == .unspecified {
      guard let meaning = standard[table.attributes[index].id], types[meaning] == table.attributes[index].type
      else { continue }
      table.attributes[index].meaning = meaning
    }
    return table
  }

  /// Checks a definition as a whole.
  ///
  /// - Throws: ``DefinitionFault`` with the first thing that is wrong.
  static func check(_ table: ProfilesV1.ProfileTable) throws(DefinitionFault) {
    try FieldRules.checkLabel(table.displayName, at: "display_name")
    try checkNames(of: table)
    for (index, attribute) in table.attributes.enumerated() {
      try FieldRules.check(attribute.bounds, at: "attributes[\(index)]")
    }
    try checkMeanings(of: table.attributes)
    for (index, segment) in table.segments.enumerated() { try check(segment, at: "segments[\(index)]") }
    for (index, subscription) in table.subscriptions.enumerated()
    where subscription.channel == .unspecified || subscription.channel.rawValue > 4 {
      throw DefinitionFault("subscriptions[\(index)].channel", "The channel is not set. Set one.")
    }
    guard table.subscriptions.contains(where: { $0.channel == .email }) else {
      throw DefinitionFault(
        "subscriptions", "No subscription is on the e-mail channel. Add one, so that an unsubscribe has where to land.")
    }
  }

  private static func checkNames(of table: ProfilesV1.ProfileTable) throws(DefinitionFault) {
    var names: [FieldRules.Name] = []
    names += table.attributes.enumerated().map { .init("attributes[\($0)]", id: $1.id, displayName: $1.displayName) }
    names += table.subscriptions.enumerated().map {
      .init("subscriptions[\($0)]", id: $1.id, displayName: $1.displayName)
    }
    names += table.segments.enumerated().map { .init("segments[\($0)]", id: $1.id, displayName: $1.displayName) }
    names += table.references.enumerated().map { .init("references[\($0)]", id: $1.id, displayName: $1.displayName) }
    try FieldRules.check(names, list: "attributes")
  }

  private static func checkMeanings(of attributes: [ProfilesV1.Attribute]) throws(DefinitionFault) {
    var seen: Set<ProfilesV1.AttributeMeaning> = []
    for (index, attribute) in attributes.enumerated() where attribute.meaning != .unspecified {
      guard let type = types[attribute.meaning] else {
        throw DefinitionFault("attributes[\(index)].meaning", "The meaning is unknown. Set a known one.")
      }
      guard attribute.type == type, !attribute.multiValued else {
        throw DefinitionFault(
          "attributes[\(index)].meaning",
          "The meaning \(attribute.meaning) goes with one value of type \(type). Change one.")
      }
      guard seen.insert(attribute.meaning).inserted else {
        throw DefinitionFault("attributes[\(index)].meaning", "Another attribute has this meaning already. Remove one.")
      }
    }
  }

  private static func check(_ segment: ProfilesV1.Segment, at path: String) throws(DefinitionFault) {
    for (index, choice) in segment.choices.enumerated() {
      if let problem = TechnicalName.problem(ofResource: choice) {
        throw DefinitionFault("\(path).choices[\(index)]", problem)
      }
    }
    try FieldRules.check(acceptedValues: segment.choices, at: "\(path).choices")
    if segment.choices.isEmpty && (segment.mandatory || !segment.defaultChoice.isEmpty) {
      throw DefinitionFault("\(path).mandatory", "A simple segment has no default. Add choices, or leave it out.")
    }
    if !segment.defaultChoice.isEmpty && !segment.choices.contains(segment.defaultChoice) {
      throw DefinitionFault("\(path).default_choice", "The default is not among the choices. Name one of them.")
    }
    if segment.mandatory && segment.defaultChoice.isEmpty {
      throw DefinitionFault("\(path).default_choice", "A mandatory segment needs a default. Name a choice.")
    }
  }
}

// MARK: - Changes

extension ProfileTableRules {
  /// Checks that a changed definition only adds, and changes nothing that stored data depends on.
  ///
  /// - Parameter hasProfiles: whether the table has profiles, which a new required field would leave without a value.
  /// - Throws: ``DefinitionFault`` with the first thing that is wrong.
  static func checkChange(
    from old: ProfileTableDefinition, to new: ProfileTableDefinition, hasProfiles: Bool
  ) throws(DefinitionFault) {
    for field in old.fields {
      guard let changed = new.field(field.storage.id) else {
        throw DefinitionFault(
          path(of: field), "The field “\(field.storage.id)” is missing. Fields are not removed; keep it.")
      }
      try checkChange(from: field, to: changed)
    }
    for field in new.fields where old.field(field.storage.id) == nil && hasProfiles {
      if field.kind == .attribute && field.storage.isRequired {
        throw DefinitionFault(
          path(of: field),
          "The new field “\(field.storage.id)” is required, but there are profiles without it. Make it optional.")
      }
    }
  }

  private static func checkChange(from old: ProfileField, to new: ProfileField) throws(DefinitionFault) {
    guard old.isSameKind(as: new) else {
      throw DefinitionFault(
        path(of: new), "The field “\(old.storage.id)” cannot change its kind or type. Add another field.")
    }
    try FieldRules.checkChange(from: old.storage, to: new.storage, at: path(of: new))
  }

  private static func path(of field: ProfileField) -> String {
    switch field.kind {
    case .attribute: "attributes"
    case .subscription: "subscriptions"
    case .segment: "segments"
    case .reference: "references"
    }
  }
}

extension ProfileField {
  /// Whether both are of one kind, and lead to the same repository if they are references.
  fileprivate func isSameKind(as other: ProfileField) -> Bool {
    switch (kind, other.kind) {
    case (.attribute, .attribute), (.subscription, .subscription), (.segment, .segment): true
    case (.reference(let one), .reference(let two)): one == two
    default: false
    }
  }
}
