internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// A form as the service works with it.
struct FormDefinition: Sendable {
  /// Within the licence, never used again.
  let number: Int64
  /// The number of the entity that it belongs to.
  let entity: Int64
  /// The entity's time zone.
  let timeZone: String
  /// The number of its profile table.
  let profileTable: Int64
  /// As callers see it, without the address of its public page.
  let message: FormsV1.Form
  /// `name=kind` of every question that was ever published.
  let publishedQuestions: [String]

  /// What the form's calls of other services are about.
  var scope: Principal.Entity {
    let key = (try? FormsNames.form.match(message.name).id("entity")) ?? ""
    return Principal.Entity(id: entity, key: key, timeZone: timeZone)
  }

  /// Whether it is published and the time is between its bounds.
  func isOpen(at now: Timestamp) -> Bool {
    message.state == .published && !isBeforeOpening(now) && !isAfterClosing(now)
  }

  /// Whether nobody can answer yet.
  func isBeforeOpening(_ now: Timestamp) -> Bool {
    message.openTime.flatMap { try? Timestamp($0) }.map { now < $0 } ?? false
  }

  /// Whether the time to answer is over.
  func isAfterClosing(_ now: Timestamp) -> Bool {
    message.closeTime.flatMap { try? Timestamp($0) }.map { now >= $0 } ?? false
  }
}

extension FormsV1.Form {
  /// All questions, in their order.
  var questions: [FormsV1.Question] { pages.flatMap(\.questions) }

  /// The question of a technical name.
  func question(_ id: String) -> FormsV1.Question? {
    questions.first { $0.id == id }
  }

  /// `name=kind` of each question, as ``FormDefinition/publishedQuestions`` keeps it.
  var questionKinds: [String] { questions.map { "\($0.id)=\($0.kindName)" } }
}

extension FormsV1.Question {
  /// Its kind in one word, which decides what its answers are.
  var kindName: String {
    switch kind {
    case nil: ""
    case .text: "text"
    case .number: "number"
    case .date: "date"
    case .email: "email"
    case .choice(let choice): choice.multiple ? "choices" : "choice"
    case .rating: "rating"
    case .consent: "consent"
    case .hidden: "hidden"
    }
  }

  /// Never seen: answered by whoever makes the link or calls the API.
  var isHidden: Bool { if case .hidden = kind { true } else { false } }
}

extension FormsV1.TextQuestion {
  /// In Unicode scalars.
  var longest: Int { maxLength == 0 ? 1_000 : Int(maxLength) }
}

extension FormsV1.RatingQuestion {
  /// The highest rating.
  var highest: Int { max == 0 ? 5 : Int(max) }
}
