internal import Messages
internal import UserTables

/// Which answers fit which fields of profiles.
enum EnrichmentRules {
  /// Checks that the profile table has every field that a form writes into, and that it takes every answer.
  static func check(_ form: FormsV1.Form, _ table: ProfilesV1.ProfileTable) throws(DefinitionFault) {
    for (index, rule) in form.enrichment.enumerated() {
      guard let question = form.question(rule.question) else { continue }
      let path = "enrichment[\(index)].field"
      if let attribute = table.attributes.first(where: { $0.id == rule.field }) {
        try check(question, attribute, at: path)
      } else if table.subscriptions.contains(where: { $0.id == rule.field }) {
        try require(["consent"], question, at: path, "A subscription")
      } else if let segment = table.segments.first(where: { $0.id == rule.field }) {
        try check(question, segment, at: path)
      } else if table.references.contains(where: { $0.id == rule.field }) {
        try require(["text", "choice", "hidden"], question, at: path, "A reference")
      } else {
        throw DefinitionFault(path, "The profile table has no field “\(rule.field)”. Name one that it has.")
      }
    }
  }

  private static func check(
    _ question: FormsV1.Question, _ segment: ProfilesV1.Segment, at path: String
  ) throws(DefinitionFault) {
    if segment.choices.isEmpty { return try require(["consent"], question, at: path, "A simple segment") }
    try require(["choice", "hidden"], question, at: path, "An exclusive segment")
    try requireAccepted(question, by: segment.choices, at: path)
  }

  private static func check(
    _ question: FormsV1.Question, _ attribute: ProfilesV1.Attribute, at path: String
  ) throws(DefinitionFault) {
    guard let type = FieldType(attribute.type) else {
      throw DefinitionFault(path, "“\(attribute.id)” has a type that is unknown here. Name another field.")
    }
    if attribute.multiValued {
      try require(["choices"], question, at: path, "An attribute of several values")
    } else {
      try require(kinds(answering: type), question, at: path, "An attribute of this type")
    }
    if !attribute.acceptedValues.isEmpty { try requireAccepted(question, by: attribute.acceptedValues, at: path) }
    guard case .text(let text) = question.kind else { return }
    let most = attribute.maxLength == 0 ? FieldDefinition.longestText : Int(attribute.maxLength)
    guard text.longest <= most else {
      throw DefinitionFault(
        path,
        "“\(attribute.id)” takes \(most) characters, and “\(question.id)” up to \(text.longest). "
          + "Lower the question's `max_length`.")
    }
  }

  /// The kinds of question whose answers a type takes.
  private static func kinds(answering type: UserTables.FieldType) -> [String] {
    switch type {
    case .string: ["text", "email", "choice", "hidden"]
    case .email: ["email", "hidden"]
    case .phone, .language, .country, .url: ["text", "choice", "hidden"]
    case .integer: ["rating"]
    case .decimal: ["number", "rating"]
    case .boolean: ["consent"]
    case .date, .timestamp: ["date"]
    }
  }

  private static func require(
    _ kinds: [String], _ question: FormsV1.Question, at path: String, _ field: String
  ) throws(DefinitionFault) {
    if kinds.contains(question.kindName) { return }
    throw DefinitionFault(
      path,
      "\(field) takes answers of kind \(kinds.joined(separator: ", ")), and “\(question.id)” is of kind "
        + "\(question.kindName). Name another field or question.")
  }

  private static func requireAccepted(
    _ question: FormsV1.Question, by values: [String], at path: String
  ) throws(DefinitionFault) {
    guard case .choice(let choice) = question.kind else { return }
    guard let other = choice.choices.first(where: { !values.contains($0.id) }) else { return }
    throw DefinitionFault(
      path, "The field does not accept the choice “\(other.id)”. Name choices as the field's values.")
  }
}
