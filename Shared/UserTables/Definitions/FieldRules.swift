package import Messages

/// What the definition of every table that users define must hold to, whatever its fields are called there.
package enum FieldRules {
  /// Names that mean something else where a field's name may stand.
  private static let reserved: Set<String> = ["id", "name", "create_time", "update_time"]

  /// A field as its definition names it.
  package struct Name: Sendable {
    let path: String
    let id: String
    let displayName: String

    /// - Parameter path: within the definition: `attributes[2]`.
    package init(_ path: String, id: String, displayName: String) {
      self.path = path
      self.id = id
      self.displayName = displayName
    }
  }

  /// Checks that the names of a table's fields are well formed and differ, whatever their case.
  ///
  /// - Parameter list: the path of the longest list, named when there are too many.
  package static func check(_ names: [Name], list: String) throws(DefinitionFault) {
    guard names.count <= FieldDefinition.mostFields else {
      throw DefinitionFault(list, "The table has more than \(FieldDefinition.mostFields) fields. Remove some.")
    }
    var seen: Set<String> = []
    for name in names {
      let path = "\(name.path).id"
      if let problem = TechnicalName.problem(ofField: name.id) { throw DefinitionFault(path, problem) }
      if reserved.contains(name.id.lowercased()) {
        throw DefinitionFault(path, "The name “\(name.id)” is kept for the suite. Choose another.")
      }
      guard seen.insert(name.id.lowercased()).inserted else {
        throw DefinitionFault(path, "The name “\(name.id)” is taken by another field. Choose another.")
      }
      try checkLabel(name.displayName, at: "\(name.path).display_name")
    }
  }

  /// Checks a text for people.
  package static func checkLabel(_ text: String, at path: String) throws(DefinitionFault) {
    if text.unicodeScalars.count > 200 {
      throw DefinitionFault(path, "The text is longer than 200 characters. Shorten it.")
    }
    if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      throw DefinitionFault(path, "The text holds a control character. Remove it.")
    }
  }

  /// The bounds of a typed field, as its definition states them.
  package struct Bounds: Sendable {
    /// As sent.
    package var type: TypeV1.FieldType
    package var isUnique = false
    package var isIndexed = false
    package var isMultiValued = false
    /// In Unicode scalars; 0: none.
    package var minLength: Int32 = 0
    /// In Unicode scalars; 0: the longest that there is.
    package var maxLength: Int32 = 0
    package var acceptedValues: [String] = []

    /// A field without bounds of its own.
    package init(type: TypeV1.FieldType) {
      self.type = type
    }

    /// The most characters that it can take.
    var longest: Int { isUnique || isIndexed ? FieldDefinition.longestIndexed : FieldDefinition.longestText }
  }

  /// Checks that the bounds of a field go together.
  package static func check(_ bounds: Bounds, at path: String) throws(DefinitionFault) {
    guard let type = FieldType(bounds.type) else {
      throw DefinitionFault("\(path).type", "The type is not set, or unknown. Set one.")
    }
    let longest = bounds.longest
    guard (0...longest).contains(Int(bounds.maxLength)) else {
      throw DefinitionFault("\(path).max_length", "The longest length is 0 to \(longest) here. Change it.")
    }
    let maximum = bounds.maxLength == 0 ? longest : Int(bounds.maxLength)
    guard (0...maximum).contains(Int(bounds.minLength)) else {
      throw DefinitionFault("\(path).min_length", "The shortest length is 0 to the longest. Change it.")
    }
    if !type.isText && (bounds.minLength != 0 || bounds.maxLength != 0) {
      throw DefinitionFault("\(path).max_length", "Only text has a length. Leave it out.")
    }
    if !type.isText && !bounds.acceptedValues.isEmpty {
      throw DefinitionFault("\(path).accepted_values", "Only text has accepted values. Leave them out.")
    }
    if bounds.isUnique && bounds.isMultiValued {
      throw DefinitionFault("\(path).unique", "A field with several values cannot be unique. Choose one.")
    }
    try check(acceptedValues: bounds.acceptedValues, at: "\(path).accepted_values")
  }

  /// Checks a list of accepted values or choices.
  package static func check(acceptedValues values: [String], at path: String) throws(DefinitionFault) {
    guard values.count <= 1_000 else { throw DefinitionFault(path, "There are more than 1,000 values. Remove some.") }
    guard Set(values).count == values.count else {
      throw DefinitionFault(path, "A value stands there twice. Remove it.")
    }
    for value in values where value.isEmpty || value.utf8.contains(0) || value.unicodeScalars.count > 200 {
      throw DefinitionFault(path, "A value is empty, holds U+0000, or has more than 200 characters. Change it.")
    }
  }

  /// Checks that a field of a changed definition still takes every value that is stored.
  package static func checkChange(
    from old: FieldDefinition, to new: FieldDefinition, at path: String
  ) throws(DefinitionFault) {
    let id = old.id
    guard old.type == new.type, old.isMultiValued == new.isMultiValued else {
      throw DefinitionFault(path, "The field “\(id)” cannot change its kind or type. Add another field.")
    }
    guard old.isUnique == new.isUnique, old.isRequired == new.isRequired else {
      throw DefinitionFault(path, "The field “\(id)” cannot become unique or required, or cease to be. Keep it.")
    }
    let narrowed = old.acceptedValues.contains { !new.acceptedValues.contains($0) }
    let wasOpen = old.acceptedValues.isEmpty && !new.acceptedValues.isEmpty
    guard new.acceptedValues.isEmpty || !(narrowed || wasOpen) else {
      throw DefinitionFault(path, "The accepted values of “\(id)” can only be widened. Keep those there are.")
    }
    guard new.minimumLength <= old.minimumLength, new.maximumLength >= old.maximumLength else {
      throw DefinitionFault(path, "The lengths of “\(id)” can only be widened. Keep those there are.")
    }
  }
}

extension FieldDefinition {
  /// A unique or indexed text stays short enough for PostgreSQL's index, whose entries hold some 2,700 bytes.
  package static let longestIndexed = 500

  /// A field with the bounds of its definition, which were checked before; nil for a type that is unknown.
  package init?(id: String, number: Int, bounds: FieldRules.Bounds) {
    guard let type = FieldType(bounds.type) else { return nil }
    self.init(id: id, number: number, type: type)
    isUnique = bounds.isUnique
    isIndexed = bounds.isIndexed
    isMultiValued = bounds.isMultiValued
    minimumLength = Int(bounds.minLength)
    maximumLength = bounds.maxLength == 0 ? bounds.longest : Int(bounds.maxLength)
    acceptedValues = bounds.acceptedValues
  }
}
