internal import Crypto
internal import Foundation
internal import Messages

/// Shows a page of a form. It works without scripts, and has none.
struct FormPage: Sendable {
  let form: FormsV1.Form
  let language: String
  /// Drawn for this page, so that it counts once however often it is sent.
  let submission: String

  /// The names of the page's own fields. No question has such a name: theirs begin with a letter.
  enum Field {
    static let page = "_page"
    static let shown = "_shown"
    static let go = "_go"
    static let submission = "_submission"
  }

  /// What ``Field/go`` holds.
  static let back = "back"

  private var words: PageWords { .of(language) }

  private func text(_ text: FormsV1.LocalizedText?) -> String {
    text?.text(in: language, of: form) ?? ""
  }

  /// The heading of every page.
  private var title: String {
    let title = text(form.title)
    if !title.isEmpty { return title }
    return form.displayName.isEmpty ? form.name.split(separator: "/").last.map(String.init) ?? "" : form.displayName
  }

  // MARK: - Whole pages

  /// A page of questions.
  ///
  /// - Parameters:
  ///   - notice: said above the questions.
  ///   - tells: whether what is wrong with answers is told.
  func questions(
    on page: ShownForm.Page, of filling: Filling, notice: String? = nil, tells: Bool = false
  ) -> String {
    let problems = tells ? filling.problems(on: page) : [:]
    return document { html in
      if let notice { html.element("p", ("role", "status"), text: notice) }
      write(problems, on: page, &html)
      html.element("form", ("method", "post"), ("accept-charset", "utf-8")) { html in
        writeState(page, filling, &html)
        let heading = text(page.page.title)
        if !heading.isEmpty { html.element("h2", text: heading) }
        for question in page.visible {
          write(question, typed: filling.typed[question.id] ?? [], problem: problems[question.id], &html)
        }
        writeButtons(page, filling, &html)
      }
    }
  }

  /// What is shown at the end.
  ///
  /// - Parameter canChange: the reader may change the answers.
  func ending(canChange: Bool) -> String {
    let ending = text(form.ending)
    return document { html in
      html.element("p", ("role", "status"), text: ending.isEmpty ? words.thanks : ending)
      if canChange { html.element("p") { $0.element("a", ("href", "?"), text: words.change) } }
    }
  }

  /// A page that says one thing.
  func message(_ text: String) -> String {
    document { $0.element("p", ("role", "status"), text: text) }
  }

  /// A page of no form that says one thing.
  static func message(_ text: String, language: String) -> String {
    document(title: text, language: language) { $0.element("p", ("role", "status"), text: text) }
  }

  private func document(_ content: (inout HTML) -> Void) -> String {
    Self.document(title: title, language: language) { html in
      html.element("h1", text: title)
      writeLanguages(&html)
      content(&html)
    }
  }

  private static func document(title: String, language: String, _ content: (inout HTML) -> Void) -> String {
    var html = HTML()
    html.raw("<!DOCTYPE html>\n")
    html.element("html", ("lang", language)) { html in
      html.element("head") { html in
        html.raw("<meta charset=\"utf-8\">")
        html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        html.raw("<meta name=\"robots\" content=\"noindex\">")
        html.element("title", text: title)
        html.element("style") { $0.raw(style) }
      }
      html.element("body") { $0.element("main", content: content) }
    }
    return html.text + "\n"
  }

  private static let style: StaticString = """
    body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:#1b1b1b;background:#fff}
    main{max-width:40rem;margin:0 auto;padding:1rem}
    fieldset,.question{border:0;margin:0 0 1.5rem;padding:0}
    legend,label{font-weight:600;display:block;padding:0}
    label.choice{font-weight:400}
    input[type=text],input[type=email],input[type=number],input[type=date],textarea{width:100%;box-sizing:border-box;
    font:inherit;padding:.5rem;border:1px solid #5c5c5c;border-radius:.25rem}
    .problem{color:#a30000;margin:.25rem 0}
    .problems{border:2px solid #a30000;padding:.5rem 1rem;margin-bottom:1.5rem}
    button{font:inherit;padding:.5rem 1.25rem;margin-right:.5rem}
    nav a{margin-right:.75rem}
    """

  /// What the browser may do on the pages: show them, with this style, and send the form back to where it is from.
  static let policy: String = {
    let hash = SHA256.hash(data: Data("\(style)".utf8))
    let sources = "default-src 'none'; style-src 'sha256-\(Data(hash).base64EncodedString())'"
    return "\(sources); form-action 'self'; base-uri 'none'"
  }()

  // MARK: - Parts

  private func writeLanguages(_ html: inout HTML) {
    let others = form.languages.subtracting([language]).sorted()
    if others.isEmpty { return }
    html.element("nav") { html in
      for other in others {
        html.element(
          "a", ("href", "?lang=\(other)"), ("hreflang", other), ("lang", other),
          text: Locale(identifier: other).localizedString(forLanguageCode: other) ?? other)
      }
    }
  }

  private func write(_ problems: [String: AnswerProblem], on page: ShownForm.Page, _ html: inout HTML) {
    if problems.isEmpty { return }
    html.element("div", ("class", "problems"), ("role", "alert")) { html in
      html.element("p", text: words.problems)
      html.element("ul") { html in
        for question in page.visible {
          guard let problem = problems[question.id] else { continue }
          html.element("li") { html in
            html.element(
              "a", ("href", "#q-\(question.id)"), text: "\(text(question.label)): \(words.text(problem))")
          }
        }
      }
    }
  }

  /// Which page it is, what it shows, and what was typed into the others.
  private func writeState(_ page: ShownForm.Page, _ filling: Filling, _ html: inout HTML) {
    func hidden(_ name: String, _ value: String, _ html: inout HTML) {
      html.void("input", ("type", "hidden"), ("name", name), ("value", value))
    }
    hidden(Field.page, page.page.id, &html)
    hidden(Field.shown, page.visible.map(\.id).joined(separator: " "), &html)
    hidden(Field.submission, submission, &html)
    let here = Set(page.page.questions.map(\.id))
    for question in form.questions where !question.isHidden && !here.contains(question.id) {
      for typed in filling.typed[question.id] ?? [] where !typed.isEmpty { hidden(question.id, typed, &html) }
    }
  }

  private func writeButtons(_ page: ShownForm.Page, _ filling: Filling, _ html: inout HTML) {
    let pages = filling.pages
    let place = pages.firstIndex { $0.page.id == page.page.id } ?? 0
    let isLast = place == pages.count - 1 && !mayBeFollowed(page)
    html.element("p") { html in
      // The first is the one that Enter presses.
      html.element(
        "button", ("type", "submit"), ("name", Field.go), ("value", "next"), text: isLast ? words.send : words.next)
      if place > 0 {
        html.element(
          "button", ("type", "submit"), ("name", Field.go), ("value", Self.back), ("formnovalidate", ""),
          text: words.back)
      }
    }
  }

  /// Whether answers on a page may bring a later one.
  private func mayBeFollowed(_ page: ShownForm.Page) -> Bool {
    let here = Set(page.visible.map(\.id))
    guard let place = form.pages.firstIndex(where: { $0.id == page.page.id }) else { return false }
    return form.pages[(place + 1)...].contains { later in
      let deciding = later.questions.compactMap(\.showIf) + [later.showIf].compactMap(\.self)
      return deciding.contains { !$0.questions.isDisjoint(with: here) }
    }
  }

  // MARK: - Questions

  private func write(
    _ question: FormsV1.Question, typed: [String], problem: AnswerProblem?, _ html: inout HTML
  ) {
    let field = QuestionField(
      question: question, label: text(question.label), typed: typed, problem: problem.map(words.text), words: words)
    switch question.kind {
    case .text(let rules) where rules.long: field.writeTextArea(longest: rules.longest, &html)
    case .text(let rules): field.writeInput(type: "text", longest: rules.longest, &html)
    case .number(let rules): field.writeNumber(rules, &html)
    case .date: field.writeInput(type: "date", &html)
    case .email: field.writeInput(type: "email", longest: 254, &html)
    case .choice(let rules):
      let choices = rules.choices.map { (id: $0.id, label: text($0.label)) }
      field.writeChoices(choices, multiple: rules.multiple, &html)
    case .rating(let rules):
      field.writeChoices((1...rules.highest).map { ("\($0)", "\($0)") }, multiple: false, &html)
    case .consent: field.writeConsent(&html)
    case .hidden, nil: break
    }
  }
}
