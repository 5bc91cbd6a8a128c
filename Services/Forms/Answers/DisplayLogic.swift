internal import Messages
internal import UserTables
internal import Values

/// What of a form is shown, given some answers, and which of the answers count.
///
/// Pages and questions are walked in their order, so a condition sees only answers that count: the answer of a question
/// that is not shown is dropped, and what depends on it sees none.
struct ShownForm: Sendable {
  /// A page that is shown, with those of its questions that are.
  struct Page: Sendable {
    let page: FormsV1.Page
    let questions: [FormsV1.Question]

    /// Those that a reader sees.
    var visible: [FormsV1.Question] { questions.filter { !$0.isHidden } }
  }

  private(set) var pages: [Page] = []
  /// The answers to questions that are shown.
  private(set) var answers: Answers = [:]

  init(_ form: FormsV1.Form, answers given: Answers) {
    for page in form.pages where page.showIf?.holds(for: answers) ?? true {
      var questions: [FormsV1.Question] = []
      for question in page.questions where question.showIf?.holds(for: answers) ?? true {
        questions.append(question)
        answers[question.id] = given[question.id]
      }
      pages.append(Page(page: page, questions: questions))
    }
  }

  /// Every question that is shown.
  var questions: [FormsV1.Question] { pages.flatMap(\.questions) }

  /// What is wrong with the answers, by question.
  ///
  /// - Parameter unreadable: what is wrong with those that could not be read.
  func problems(_ unreadable: [String: AnswerProblem] = [:]) -> [String: AnswerProblem] {
    var problems: [String: AnswerProblem] = [:]
    for question in questions {
      problems[question.id] = unreadable[question.id] ?? problem(of: question)
    }
    return problems
  }

  private func problem(of question: FormsV1.Question) -> AnswerProblem? {
    guard question.required else { return nil }
    if case .consent = question.kind {
      return answers[question.id]?.kind == .boolValue(true) ? nil : .notTicked
    }
    return answers[question.id] == nil ? .missing : nil
  }
}

extension FormsV1.DisplayCondition {
  /// Whether it holds for the answers so far.
  func holds(for answers: Answers) -> Bool {
    switch kind {
    case nil: true
    case .all(let list): list.conditions.allSatisfy { $0.holds(for: answers) }
    case .any(let list): list.conditions.contains { $0.holds(for: answers) }
    case .not(let inner): !inner.holds(for: answers)
    case .answer(let answer): answers[answer.question].map(answer.holds) ?? false
    }
  }
}

extension FormsV1.AnswerCondition {
  fileprivate func holds(for answer: TypeV1.Value) -> Bool {
    switch comparison {
    case nil: false
    case .answered: true
    case .equals(let value): answer.is(value)
    case .atLeast(let bound):
      if let number = answer.number, let bound = try? DecimalNumber(bound) { number >= bound } else { false }
    case .atMost(let bound):
      if let number = answer.number, let bound = try? DecimalNumber(bound) { number <= bound } else { false }
    }
  }
}

extension TypeV1.Value {
  /// The number that it is, if it is one.
  fileprivate var number: DecimalNumber? {
    switch kind {
    case .int64Value(let number): DecimalNumber(number)
    case .decimalValue(let decimal): try? DecimalNumber(decimal)
    default: nil
    }
  }

  /// Whether it, or one of several, is the same: 1.5 is 1.50.
  fileprivate func `is`(_ other: TypeV1.Value) -> Bool {
    if case .listValue(let list) = kind { return list.values.contains { $0.is(other) } }
    if let number, let otherNumber = other.number { return number == otherNumber }
    return kind == other.kind
  }
}
