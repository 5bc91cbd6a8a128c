internal import Messages
internal import UserTables
internal import Values

/// What a form's definition must hold to, on its own.
enum FormRules {
  /// The most pages of a form.
  static let mostPages = 50
  /// The most questions of a form.
  static let mostQuestions = 200
  /// The most choices of a question.
  static let mostChoices = 200
  /// The longest answer of a text question, in Unicode scalars.
  static let longestText = 10_000
  private static let mostBytes = 512 * 1024

  static func check(_ form: FormsV1.Form) throws(DefinitionFault) {
    try checkFrame(form)
    guard form.pages.count <= mostPages else {
      throw DefinitionFault("pages", "There are more than \(mostPages) pages. Remove some.")
    }
    guard form.questions.count <= mostQuestions else {
      throw DefinitionFault("pages", "There are more than \(mostQuestions) questions. Remove some.")
    }
    var names = Names()
    var earlier: [String: FormsV1.Question] = [:]
    for (index, page) in form.pages.enumerated() {
      try check(page, at: "pages[\(index)]", of: form, &names, &earlier)
    }
    try checkEnrichment(form)
    guard ((try? form.encoded().count) ?? .max) <= mostBytes else {
      throw DefinitionFault("pages", "The definition has more than 512 KiB. Shorten its texts.")
    }
  }

  private static func checkFrame(_ form: FormsV1.Form) throws(DefinitionFault) {
    try FieldRules.checkLabel(form.displayName, at: "display_name")
    guard LocalizedTextRules.isLanguage(form.defaultLanguage) else {
      throw DefinitionFault("default_language", "It is no language of ISO 639-1. Send two small letters.")
    }
    switch form.policy {
    case .several, .onceEditable, .onceFinal: break
    default: throw DefinitionFault("policy", "It is not set, or unknown. Set one.")
    }
    guard (0...1_000_000_000).contains(form.maxParticipations) else {
      throw DefinitionFault("max_participations", "It is 0 to 1,000,000,000. Change it.")
    }
    let opens = try time(form.openTime, at: "open_time")
    let closes = try time(form.closeTime, at: "close_time")
    if let opens, let closes, closes <= opens {
      throw DefinitionFault("close_time", "The form closes before it opens. Change one of the times.")
    }
    try LocalizedTextRules.check(form.title, at: "title", of: form)
    try LocalizedTextRules.check(form.ending, at: "ending", of: form)
  }

  private static func time(
    _ sent: GoogleProtobuf.Timestamp?, at path: String
  ) throws(DefinitionFault) -> Timestamp? {
    guard let sent else { return nil }
    do { return try Timestamp(sent) } catch { throw DefinitionFault(path, error.explanation) }
  }

  /// Technical names that were met, whatever their case.
  private struct Names {
    var pages: Set<String> = []
    var questions: Set<String> = []
  }

  private static func check(
    _ page: FormsV1.Page, at path: String, of form: FormsV1.Form, _ names: inout Names,
    _ earlier: inout [String: FormsV1.Question]
  ) throws(DefinitionFault) {
    try check(name: page.id, at: "\(path).id", &names.pages)
    try LocalizedTextRules.check(page.title, at: "\(path).title", of: form)
    try ConditionRules.check(page.showIf, at: "\(path).show_if", earlier: earlier)
    for (index, question) in page.questions.enumerated() {
      let place = "\(path).questions[\(index)]"
      try check(name: question.id, at: "\(place).id", &names.questions)
      try check(question, at: place, of: form)
      try ConditionRules.check(question.showIf, at: "\(place).show_if", earlier: earlier)
      earlier[question.id] = question
    }
  }

  private static func check(name: String, at path: String, _ seen: inout Set<String>) throws(DefinitionFault) {
    if let problem = TechnicalName.problem(ofField: name) { throw DefinitionFault(path, problem) }
    guard seen.insert(name.lowercased()).inserted else {
      throw DefinitionFault(path, "The name “\(name)” is taken. Choose another.")
    }
  }

  // MARK: - Questions

  private static func check(
    _ question: FormsV1.Question, at path: String, of form: FormsV1.Form
  ) throws(DefinitionFault) {
    if !question.isHidden { try LocalizedTextRules.require(question.label, at: "\(path).label", of: form) }
    switch question.kind {
    case nil: throw DefinitionFault(path, "The question has no kind. Set one: text, number, choice, and so on.")
    case .text(let text):
      guard (0...longestText).contains(Int(text.maxLength)) else {
        throw DefinitionFault("\(path).text.max_length", "It is 0 to 10,000. Change it.")
      }
    case .number(let number): try check(number, at: "\(path).number")
    case .choice(let choice): try check(choice, at: "\(path).choice.choices", of: form)
    case .rating(let rating):
      guard rating.max == 0 || (2...10).contains(rating.max) else {
        throw DefinitionFault("\(path).rating.max", "It is 2 to 10. Change it.")
      }
    case .hidden where question.required:
      throw DefinitionFault("\(path).required", "Nobody can be asked for what is hidden. Leave it out.")
    case .date, .email, .consent, .hidden: break
    }
  }

  private static func check(_ number: FormsV1.NumberQuestion, at path: String) throws(DefinitionFault) {
    func bound(_ decimal: TypeV1.Decimal?, _ name: String) throws(DefinitionFault) -> DecimalNumber? {
      guard let decimal else { return nil }
      do { return try DecimalNumber(decimal) } catch { throw DefinitionFault("\(path).\(name)", error.explanation) }
    }
    if let least = try bound(number.min, "min"), let greatest = try bound(number.max, "max"), greatest < least {
      throw DefinitionFault("\(path).max", "It is below `min`. Change one of them.")
    }
  }

  private static func check(
    _ question: FormsV1.ChoiceQuestion, at path: String, of form: FormsV1.Form
  ) throws(DefinitionFault) {
    guard (1...mostChoices).contains(question.choices.count) else {
      throw DefinitionFault(path, "There are 1 to \(mostChoices) choices. Change them.")
    }
    var seen: Set<String> = []
    for (index, choice) in question.choices.enumerated() {
      try check(name: choice.id, at: "\(path)[\(index)].id", &seen)
      try LocalizedTextRules.require(choice.label, at: "\(path)[\(index)].label", of: form)
    }
  }

  // MARK: - Changes

  /// Checks that questions keep the kind that they were published with.
  static func checkChange(to form: FormsV1.Form, published: [String]) throws(DefinitionFault) {
    let kinds = Dictionary(published.map { ($0.prefix { $0 != "=" }, $0) }, uniquingKeysWith: { first, _ in first })
    for (index, page) in form.pages.enumerated() {
      for (place, question) in page.questions.enumerated() {
        guard let known = kinds[question.id[...]], known != "\(question.id)=\(question.kindName)" else { continue }
        throw DefinitionFault(
          "pages[\(index)].questions[\(place)]",
          "“\(question.id)” was published as another kind of question, and keeps it. Choose another name.")
      }
    }
  }

  private static func checkEnrichment(_ form: FormsV1.Form) throws(DefinitionFault) {
    guard form.enrichment.count <= mostQuestions else {
      throw DefinitionFault("enrichment", "There are more than \(mostQuestions) rules. Remove some.")
    }
    var seen: Set<[String]> = []
    for (index, rule) in form.enrichment.enumerated() {
      guard form.question(rule.question) != nil else {
        throw DefinitionFault(
          "enrichment[\(index)].question", "The form has no question “\(rule.question)”. Name one that it has.")
      }
      guard seen.insert([rule.question, rule.field]).inserted else {
        throw DefinitionFault("enrichment[\(index)]", "The rule stands there twice. Remove it.")
      }
    }
  }
}
