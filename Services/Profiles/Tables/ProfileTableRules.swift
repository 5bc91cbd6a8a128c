internal import Messages
internal import ServiceKit
internal import UserTables

/// Why a definition of a profile table is refused, and where.
struct ProfileTableFault: Error, Sendable, Hashable {
  /// The path within the definition: `attributes[2].id`.
  let field: String
  /// What is wrong and what to do.
  let explanation: String

  init(_ field: String, _ explanation: String) {
    self.field = field
    self.explanation = explanation
  }

  static func unknownType(of id: String) -> ProfileTableFault {
    ProfileTableFault("attributes", "The attribute “\(id)” has no known type. Set one.")
  }
}

/// What a definition of a profile table must hold to.
enum ProfileTableRules {
  /// Names that mean something else where a field's name may stand.
  private static let reserved: Set<String> = ["id", "name", "create_time", "update_time"]

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
  /// - Throws: ``ProfileTableFault`` with the first thing that is wrong.
  static func check(_ table: ProfilesV1.ProfileTable) throws(ProfileTableFault) {
    try checkText(table.displayName, at: "display_name")
    try checkNames(of: table)
    for (index, attribute) in table.attributes.enumerated() { try check(attribute, at: "attributes[\(index)]") }
    try checkMeanings(of: table.attributes)
    for (index, segment) in table.segments.enumerated() { try check(segment, at: "segments[\(index)]") }
    for (index, subscription) in table.subscriptions.enumerated()
    where subscription.channel == .unspecified || subscription.channel.rawValue > 4 {
      throw ProfileTableFault("subscriptions[\(index)].channel", "The channel is not set. Set one.")
    }
    guard table.subscriptions.contains(where: { $0.channel == .email }) else {
      throw ProfileTableFault(
        "subscriptions", "No subscription is on the e-mail channel. Add one, so that an unsubscribe has where to land.")
    }
  }

  private static func checkNames(of table: ProfilesV1.ProfileTable) throws(ProfileTableFault) {
    var names: [(path: String, id: String, label: String)] = []
    names += table.attributes.enumerated().map { ("attributes[\($0)]", $1.id, $1.displayName) }
    names += table.subscriptions.enumerated().map { ("subscriptions[\($0)]", $1.id, $1.displayName) }
    names += table.segments.enumerated().map { ("segments[\($0)]", $1.id, $1.displayName) }
    names += table.references.enumerated().map { ("references[\($0)]", $1.id, $1.displayName) }
    guard names.count <= FieldDefinition.mostFields else {
      throw ProfileTableFault(
        "attributes", "The table has more than \(FieldDefinition.mostFields) fields. Remove some.")
    }
    var seen: Set<String> = []
    for (path, id, label) in names {
      if let problem = TechnicalName.problem(ofField: id) { throw ProfileTableFault("\(path).id", problem) }
      if reserved.contains(id.lowercased()) {
        throw ProfileTableFault("\(path).id", "The name “\(id)” is kept for the suite. Choose another.")
      }
      guard seen.insert(id.lowercased()).inserted else {
        throw ProfileTableFault("\(path).id", "The name “\(id)” is taken by another field. Choose another.")
      }
      try checkText(label, at: "\(path).display_name")
    }
  }

  private static func checkText(_ text: String, at path: String) throws(ProfileTableFault) {
    if text.unicodeScalars.count > 200 {
      throw ProfileTableFault(path, "The text is longer than 200 characters. Shorten it.")
    }
    if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      throw ProfileTableFault(path, "The text holds a control character. Remove it.")
    }
  }

  private static func check(_ attribute: ProfilesV1.Attribute, at path: String) throws(ProfileTableFault) {
    guard let type = FieldType(attribute.type) else {
      throw ProfileTableFault("\(path).type", "The type is not set, or unknown. Set one.")
    }
    let isUnique = attribute.unique ?? (attribute.meaning == .emailAddress)
    let longest = isUnique ? FieldDefinition.longestUnique : FieldDefinition.longestText
    guard (0...longest).contains(Int(attribute.maxLength)) else {
      throw ProfileTableFault("\(path).max_length", "The longest length is 0 to \(longest) here. Change it.")
    }
    let maximum = attribute.maxLength == 0 ? longest : Int(attribute.maxLength)
    guard (0...maximum).contains(Int(attribute.minLength)) else {
      throw ProfileTableFault("\(path).min_length", "The shortest length is 0 to the longest. Change it.")
    }
    if !type.isText && (attribute.minLength != 0 || attribute.maxLength != 0) {
      throw ProfileTableFault("\(path).max_length", "Only text has a length. Leave it out.")
    }
    if !type.isText && !attribute.acceptedValues.isEmpty {
      throw ProfileTableFault("\(path).accepted_values", "Only text has accepted values. Leave them out.")
    }
    if isUnique && attribute.multiValued {
      throw ProfileTableFault("\(path).unique", "An attribute with several values cannot be unique. Choose one.")
    }
    try check(acceptedValues: attribute.acceptedValues, at: "\(path).accepted_values")
  }

  private static func check(acceptedValues values: [String], at path: String) throws(ProfileTableFault) {
    guard values.count <= 1_000 else { throw ProfileTableFault(path, "There are more than 1,000 values. Remove some.") }
    guard Set(values).count == values.count else {
      throw ProfileTableFault(path, "A value stands there twice. Remove it.")
    }
    for value in values where value.isEmpty || value.utf8.contains(0) || value.unicodeScalars.count > 200 {
      throw ProfileTableFault(path, "A value is empty, holds U+0000, or has more than 200 characters. Change it.")
    }
  }

  private static func checkMeanings(of attributes: [ProfilesV1.Attribute]) throws(ProfileTableFault) {
    var seen: Set<ProfilesV1.AttributeMeaning> = []
    for (index, attribute) in attributes.enumerated() where attribute.meaning != .unspecified {
      guard let type = types[attribute.meaning] else {
        throw ProfileTableFault("attributes[\(index)].meaning", "The meaning is unknown. Set a known one.")
      }
      guard attribute.type == type, !attribute.multiValued else {
        throw ProfileTableFault(
          "attributes[\(index)].meaning",
          "The meaning \(attribute.meaning) goes with one value of type \(type). Change one.")
      }
      guard seen.insert(attribute.meaning).inserted else {
        throw ProfileTableFault(
          "attributes[\(index)].meaning", "Another attribute has this meaning already. Remove one.")
      }
    }
  }

  private static func check(_ segment: ProfilesV1.Segment, at path: String) throws(ProfileTableFault) {
    for (index, choice) in segment.choices.enumerated() {
      if let problem = TechnicalName.problem(ofResource: choice) {
        throw ProfileTableFault("\(path).choices[\(index)]", problem)
      }
    }
    try check(acceptedValues: segment.choices, at: "\(path).choices")
    if segment.choices.isEmpty && (segment.mandatory || !segment.defaultChoice.isEmpty) {
      throw ProfileTableFault("\(path).mandatory", "A simple segment has no default. Add choices, or leave it out.")
    }
    if !segment.defaultChoice.isEmpty && !segment.choices.contains(segment.defaultChoice) {
      throw ProfileTableFault("\(path).default_choice", "The default is not among the choices. Name one of them.")
    }
    if segment.mandatory && segment.defaultChoice.isEmpty {
      throw ProfileTableFault("\(path).default_choice", "A mandatory segment needs a default. Name a choice.")
    }
  }
}

// MARK: - Changes

extension ProfileTableRules {
  /// Checks that a changed definition only adds, and changes nothing that stored data depends on.
  ///
  /// - Parameter hasProfiles: whether the table has profiles, which a new required field would leave without a value.
  /// - Throws: ``ProfileTableFault`` with the first thing that is wrong.
  static func checkChange(
    from old: ProfileTableDefinition, to new: ProfileTableDefinition, hasProfiles: Bool
  ) throws(ProfileTableFault) {
    for field in old.fields {
      guard let changed = new.field(field.storage.id) else {
        throw ProfileTableFault(
          path(of: field), "The field “\(field.storage.id)” is missing. Fields are not removed; keep it.")
      }
      try checkChange(from: field, to: changed)
    }
    for field in new.fields where old.field(field.storage.id) == nil && hasProfiles {
      if field.kind == .attribute && field.storage.isRequired {
        throw ProfileTableFault(
          path(of: field),
          "The new field “\(field.storage.id)” is required, but there are profiles without it. Make it optional.")
      }
    }
  }

  private static func checkChange(from old: ProfileField, to new: ProfileField) throws(ProfileTableFault) {
    let id = old.storage.id
    guard old.isSameKind(as: new), old.storage.type == new.storage.type,
      old.storage.isMultiValued == new.storage.isMultiValued
    else {
      throw ProfileTableFault(path(of: new), "The field “\(id)” cannot change its kind or type. Add another field.")
    }
    guard old.storage.isUnique == new.storage.isUnique, old.storage.isRequired == new.storage.isRequired else {
      throw ProfileTableFault(
        path(of: new), "The field “\(id)” cannot become unique or required, or cease to be. Keep it.")
    }
    let narrowed = old.storage.acceptedValues.contains { !new.storage.acceptedValues.contains($0) }
    let wasOpen = old.storage.acceptedValues.isEmpty && !new.storage.acceptedValues.isEmpty
    guard new.storage.acceptedValues.isEmpty || !(narrowed || wasOpen) else {
      throw ProfileTableFault(
        path(of: new), "The accepted values of “\(id)” can only be widened. Keep those there are.")
    }
    guard new.storage.minimumLength <= old.storage.minimumLength, new.storage.maximumLength >= old.storage.maximumLength
    else { throw ProfileTableFault(path(of: new), "The lengths of “\(id)” can only be widened. Keep those there are.") }
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
