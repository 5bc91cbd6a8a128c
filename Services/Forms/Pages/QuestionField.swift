internal import Messages
internal import UserTables
internal import Values

/// Shows one question with what was typed and what is wrong with it.
struct QuestionField: Sendable {
  let question: FormsV1.Question
  let label: String
  let typed: [String]
  /// In the reader's words.
  let problem: String?
  let words: PageWords

  private var id: String { "q-\(question.id)" }
  private var value: String { typed.first ?? "" }
  private var required: String? { question.required ? "" : nil }
  private var invalid: String? { problem == nil ? nil : "true" }
  private var describedBy: String? { problem == nil ? nil : "\(id)-problem" }

  // MARK: - Kinds

  func writeInput(type: String, longest: Int? = nil, _ html: inout HTML) {
    writeBlock(&html) { html in
      html.void(
        "input", ("type", type), ("id", id), ("name", question.id), ("value", value),
        ("maxlength", longest.map(String.init)), ("required", required), ("aria-invalid", invalid),
        ("aria-describedby", describedBy))
    }
  }

  func writeNumber(_ rules: FormsV1.NumberQuestion, _ html: inout HTML) {
    writeBlock(&html) { html in
      html.void(
        "input", ("type", "number"), ("step", "any"), ("id", id), ("name", question.id), ("value", value),
        ("min", Self.text(rules.min)), ("max", Self.text(rules.max)), ("required", required),
        ("aria-invalid", invalid), ("aria-describedby", describedBy))
    }
  }

  private static func text(_ bound: TypeV1.Decimal?) -> String? {
    bound.flatMap { try? DecimalNumber($0) }?.description
  }

  func writeTextArea(longest: Int, _ html: inout HTML) {
    writeBlock(&html) { html in
      html.element(
        "textarea", ("id", id), ("name", question.id), ("rows", "5"), ("maxlength", String(longest)),
        ("required", required), ("aria-invalid", invalid), ("aria-describedby", describedBy)
      ) { html in
        // The parser drops a first line break, so that one is put before.
        html.raw("\n")
        html.write(value)
      }
    }
  }

  /// Radio buttons, or boxes where several may be chosen.
  func writeChoices(_ choices: [(id: String, label: String)], multiple: Bool, _ html: inout HTML) {
    html.element("fieldset", ("id", id), ("aria-invalid", invalid), ("aria-describedby", describedBy)) { html in
      html.element("legend") { writeLabel(&$0) }
      writeProblem(&html)
      for choice in choices {
        // A browser asks for one of several boxes only by a script.
        writeChoice(choice.id, choice.label, type: multiple ? "checkbox" : "radio", asks: !multiple, &html)
      }
      // A radio button that was chosen is given up only for another.
      if !multiple && !question.required { writeChoice("", words.noAnswer, type: "radio", asks: false, &html) }
    }
  }

  private func writeChoice(_ value: String, _ label: String, type: String, asks: Bool, _ html: inout HTML) {
    let isChosen = value.isEmpty ? !typed.contains { !$0.isEmpty } : typed.contains(value)
    html.element("label", ("class", "choice")) { html in
      html.void(
        "input", ("type", type), ("name", question.id), ("value", value), ("checked", isChosen ? "" : nil),
        ("required", asks ? required : nil))
      html.write(" \(label)")
    }
  }

  func writeConsent(_ html: inout HTML) {
    html.element("div", ("class", "question")) { html in
      html.element("label", ("for", id)) { html in
        html.void(
          "input", ("type", "checkbox"), ("id", id), ("name", question.id), ("value", "true"),
          ("checked", typed.contains("true") ? "" : nil), ("required", required), ("aria-invalid", invalid),
          ("aria-describedby", describedBy))
        html.write(" ")
        writeLabel(&html)
      }
      writeProblem(&html)
    }
  }

  // MARK: - Parts

  private func writeBlock(_ html: inout HTML, _ content: (inout HTML) -> Void) {
    html.element("div", ("class", "question")) { html in
      html.element("label", ("for", id)) { writeLabel(&$0) }
      writeProblem(&html)
      content(&html)
    }
  }

  private func writeLabel(_ html: inout HTML) {
    html.write(label)
    if question.required { html.element("small", text: " (\(words.required))") }
  }

  private func writeProblem(_ html: inout HTML) {
    if let problem { html.element("p", ("class", "problem"), ("id", "\(id)-problem"), text: problem) }
  }
}
