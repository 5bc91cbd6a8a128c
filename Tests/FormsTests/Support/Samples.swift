import Messages
import UserTables

extension FormsV1.LocalizedText {
  init(_ english: String, fr: String? = nil) {
    self.init()
    texts = ["en": english]
    if let fr { texts["fr"] = fr }
  }
}

extension FormsV1.Question {
  init(_ id: String, _ kind: Kind, label: String? = nil, required: Bool = false) {
    self.init()
    self.id = id
    self.kind = kind
    self.required = required
    if !isHiddenKind { self.label = FormsV1.LocalizedText(label ?? "Label of \(id)", fr: "Libellé de \(id)") }
  }

  private var isHiddenKind: Bool { if case .hidden = kind { true } else { false } }

  static func choice(_ id: String, _ choices: [String], multiple: Bool = false, required: Bool = false) -> Self {
    var choice = FormsV1.ChoiceQuestion()
    choice.multiple = multiple
    choice.choices = choices.map { id in
      var choice = FormsV1.Choice()
      choice.id = id
      choice.label = FormsV1.LocalizedText("Choice \(id)")
      return choice
    }
    return Self(id, .choice(choice), required: required)
  }

  static func text(_ id: String, longest: Int32 = 0, long: Bool = false, required: Bool = false) -> Self {
    var text = FormsV1.TextQuestion()
    text.maxLength = longest
    text.long = long
    return Self(id, .text(text), required: required)
  }

  func shown(if condition: FormsV1.DisplayCondition) -> Self {
    var question = self
    question.showIf = condition
    return question
  }
}

extension FormsV1.DisplayCondition {
  init(_ question: String, _ comparison: FormsV1.AnswerCondition.Comparison) {
    self.init()
    var answer = FormsV1.AnswerCondition()
    answer.question = question
    answer.comparison = comparison
    kind = .answer(answer)
  }
}

extension FormsV1.Page {
  init(_ id: String, _ questions: [FormsV1.Question]) {
    self.init()
    self.id = id
    self.questions = questions
  }
}

extension FormsV1.EnrichmentRule {
  init(_ question: String, _ field: String, everyTime: Bool = false) {
    self.init()
    self.question = question
    self.field = field
    self.everyTime = everyTime
  }
}

extension FormsV1.Form {
  /// `reason` (a choice; writes `leavingReason`), `detail` (shown when the reason is other), `rating` (writes `score`
  /// every time), `origin` (hidden); once and editable, by public link too.
  static func winBack(_ policy: FormsV1.ParticipationPolicy = .onceEditable) -> FormsV1.Form {
    var form = FormsV1.Form()
    form.displayName = "Win back"
    form.profileTable = "entities/b2c/profileTables/customers"
    form.defaultLanguage = "en"
    form.title = FormsV1.LocalizedText("Why did you leave?", fr: "Pourquoi nous avez-vous quittés ?")
    form.policy = policy
    form.publicLink = true
    form.pages = [
      FormsV1.Page(
        "first",
        [
          .choice("reason", ["price", "other"], required: true),
          .text("detail", longest: 200, long: true).shown(if: .init("reason", .equals(.text("other")))),
          FormsV1.Question("rating", .rating(.init()), required: true),
          FormsV1.Question("origin", .hidden(.init())),
        ])
    ]
    form.enrichment = [.init("reason", "leavingReason"), .init("rating", "score", everyTime: true)]
    return form
  }
}

extension TypeV1.Value {
  static func text(_ text: String) -> Self { Self(.stringValue(text)) }
  static func int(_ number: Int64) -> Self { Self(.int64Value(number)) }
  static func bool(_ flag: Bool) -> Self { Self(.boolValue(flag)) }
}

extension ProfilesV1.ProfileTable {
  /// `customerCode` and `emailAddress` (unique), `leavingReason`, `score`, `motherLanguage`; `newsletter`; `tier`, `vip`.
  static let customers: ProfilesV1.ProfileTable = {
    func attribute(_ id: String, _ type: TypeV1.FieldType) -> ProfilesV1.Attribute {
      var attribute = ProfilesV1.Attribute()
      attribute.id = id
      attribute.type = type
      return attribute
    }
    var newsletter = ProfilesV1.Subscription()
    newsletter.id = "newsletter"
    newsletter.channel = .email
    var tier = ProfilesV1.Segment()
    tier.id = "tier"
    tier.choices = ["gold", "silver"]
    var vip = ProfilesV1.Segment()
    vip.id = "vip"
    var store = ProfilesV1.Reference()
    store.id = "preferredStore"
    var table = ProfilesV1.ProfileTable()
    table.name = "entities/b2c/profileTables/customers"
    table.attributes = [
      attribute("customerCode", .string), attribute("emailAddress", .email), attribute("leavingReason", .string),
      attribute("score", .integer), attribute("motherLanguage", .language),
    ]
    table.subscriptions = [newsletter]
    table.segments = [tier, vip]
    table.references = [store]
    return table
  }()
}
