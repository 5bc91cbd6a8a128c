internal import Messages
internal import UserTables
internal import Values

/// What the conditions of a form must hold to. Since they refer to earlier questions alone, none depends on itself.
enum ConditionRules {
  private static let deepest = 20
  private static let mostConditions = 50

  /// - Parameter earlier: the questions that may be referred to, by name.
  static func check(
    _ condition: FormsV1.DisplayCondition?, at path: String, earlier: [String: FormsV1.Question], depth: Int = 1
  ) throws(DefinitionFault) {
    guard let condition else { return }
    guard depth <= deepest else {
      throw DefinitionFault(path, "Conditions are nested deeper than \(deepest). Flatten them.")
    }
    switch condition.kind {
    case nil: throw DefinitionFault(path, "The condition is empty. Set one of its kinds, or leave it out.")
    case .not(let inner): try check(inner, at: "\(path).not", earlier: earlier, depth: depth + 1)
    case .all(let list): try check(list, at: "\(path).all.conditions", earlier, depth)
    case .any(let list): try check(list, at: "\(path).any.conditions", earlier, depth)
    case .answer(let answer): try check(answer, at: "\(path).answer", earlier)
    }
  }

  private static func check(
    _ list: FormsV1.DisplayConditions, at path: String, _ earlier: [String: FormsV1.Question], _ depth: Int
  ) throws(DefinitionFault) {
    guard (1...mostConditions).contains(list.conditions.count) else {
      throw DefinitionFault(path, "There are 1 to \(mostConditions) conditions in a list. Change it.")
    }
    for (index, condition) in list.conditions.enumerated() {
      try check(condition, at: "\(path)[\(index)]", earlier: earlier, depth: depth + 1)
    }
  }

  private static func check(
    _ answer: FormsV1.AnswerCondition, at path: String, _ earlier: [String: FormsV1.Question]
  ) throws(DefinitionFault) {
    guard let question = earlier[answer.question] else {
      throw DefinitionFault(
        "\(path).question", "There is no earlier question “\(answer.question)”. Name one that stands before.")
    }
    switch answer.comparison {
    case nil: throw DefinitionFault(path, "There is no comparison. Set one.")
    case .answered(let flag):
      if !flag { throw DefinitionFault("\(path).answered", "It is true alone. Put the condition into `not`.") }
    case .equals(let value): try check(value, of: question, at: "\(path).equals")
    case .atLeast(let bound): try check(bound, of: question, at: "\(path).at_least")
    case .atMost(let bound): try check(bound, of: question, at: "\(path).at_most")
    }
  }

  private static func check(
    _ value: TypeV1.Value, of question: FormsV1.Question, at path: String
  ) throws(DefinitionFault) {
    var single = question
    // One of several choices is compared.
    if case .choice(var choice) = question.kind {
      choice.multiple = false
      single.kind = .choice(choice)
    }
    do throws(AnswerProblem) {
      guard try AnswerReader.read(value, for: single) != nil else { throw AnswerProblem.wrongKind(single.kindName) }
    } catch {
      throw DefinitionFault(path, "No answer to “\(question.id)” can be equal to it. \(error.explanation)")
    }
  }

  private static func check(
    _ bound: TypeV1.Decimal, of question: FormsV1.Question, at path: String
  ) throws(DefinitionFault) {
    switch question.kind {
    case .number, .rating: break
    default: throw DefinitionFault(path, "“\(question.id)” is not answered by a number. Compare it otherwise.")
    }
    do { _ = try DecimalNumber(bound) } catch { throw DefinitionFault(path, error.explanation) }
  }
}

extension FormsV1.DisplayCondition {
  /// The questions that it refers to.
  var questions: Set<String> {
    switch kind {
    case nil: []
    case .answer(let answer): [answer.question]
    case .not(let inner): inner.questions
    case .all(let list), .any(let list):
      list.conditions.reduce(into: []) { $0.formUnion($1.questions) }
    }
  }
}
