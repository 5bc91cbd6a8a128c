internal import Messages
internal import UserTables

/// A form that somebody is filling in: what was typed, what it means, and what is shown for it.
struct Filling: Sendable {
  /// What was typed, by question: several texts where several choices may be made.
  let typed: [String: [String]]
  /// What of the form is shown, and the answers that count.
  let shown: ShownForm
  /// What is wrong, by question, on all pages.
  let problems: [String: AnswerProblem]

  /// - Parameters:
  ///   - stored: the answers that stand already.
  ///   - hidden: what the link answers to hidden questions. Those that come with the page never count.
  init(_ form: FormsV1.Form, fields: PostedFields, stored: Answers, hidden: [String: String]) {
    var typed: [String: [String]] = [:]
    var answers: Answers = [:]
    var unreadable: [String: AnswerProblem] = [:]
    for question in form.questions {
      let sent = question.isHidden ? hidden[question.id].map { [$0] } ?? [] : fields[all: question.id]
      let texts = sent.filter { !$0.isEmpty }
      if !question.isHidden { typed[question.id] = texts }
      do throws(AnswerProblem) {
        answers[question.id] = try AnswerReader.read(texts, for: question, before: stored[question.id])
      } catch { unreadable[question.id] = error }
      // A link without an answer leaves the one that another link brought.
      if question.isHidden && answers[question.id] == nil { answers[question.id] = stored[question.id] }
    }
    self.init(form, typed: typed, answers: answers, unreadable: unreadable)
  }

  /// A page that nothing was typed into yet: it shows the answers that stand.
  init(_ form: FormsV1.Form, stored: Answers) {
    let typed = stored.mapValues { value -> [String] in
      if case .listValue(let list) = value.kind { return list.values.compactMap { try? FieldWriter.text(of: $0) } }
      return (try? FieldWriter.text(of: value)).map { [$0] } ?? []
    }
    self.init(form, typed: typed, answers: stored, unreadable: [:])
  }

  private init(
    _ form: FormsV1.Form, typed: [String: [String]], answers: Answers, unreadable: [String: AnswerProblem]
  ) {
    self.typed = typed
    shown = ShownForm(form, answers: answers)
    problems = shown.problems(unreadable)
  }

  /// Pages that have something to see.
  var pages: [ShownForm.Page] { shown.pages.filter { !$0.visible.isEmpty } }

  /// Problems of one page's questions.
  func problems(on page: ShownForm.Page) -> [String: AnswerProblem] {
    problems.filter { id, _ in page.questions.contains { $0.id == id } }
  }
}
