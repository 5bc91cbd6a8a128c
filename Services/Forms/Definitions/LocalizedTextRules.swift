internal import Messages
internal import UserTables

/// What the texts of a form must hold to.
enum LocalizedTextRules {
  private static let longest = 2_000
  private static let mostLanguages = 50

  /// Whether a text has the form of a language of ISO 639-1.
  static func isLanguage(_ text: String) -> Bool {
    text.utf8.count == 2 && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
  }

  /// Checks a text that must be there.
  static func require(
    _ text: FormsV1.LocalizedText?, at path: String, of form: FormsV1.Form
  ) throws(DefinitionFault) {
    guard let text, !text.texts.isEmpty else {
      throw DefinitionFault(path, "There is no text. Send it in the default language at least.")
    }
    try check(text, at: path, of: form)
  }

  /// Checks a text that may be left out.
  static func check(
    _ text: FormsV1.LocalizedText?, at path: String, of form: FormsV1.Form
  ) throws(DefinitionFault) {
    guard let text, !text.texts.isEmpty else { return }
    guard text.texts.count <= mostLanguages else {
      throw DefinitionFault(path, "There are more than \(mostLanguages) languages. Remove some.")
    }
    guard text.texts[form.defaultLanguage] != nil else {
      throw DefinitionFault(
        "\(path).texts", "The text is missing in the default language “\(form.defaultLanguage)”. Add it.")
    }
    for (language, words) in text.texts.sorted(by: { $0.key < $1.key }) {
      guard isLanguage(language) else {
        throw DefinitionFault("\(path).texts", "A key is no language of ISO 639-1. Send two small letters.")
      }
      try check(words, at: "\(path).texts[\(language)]")
    }
  }

  private static func check(_ words: String, at path: String) throws(DefinitionFault) {
    guard words.contains(where: { !$0.isWhitespace }) else {
      throw DefinitionFault(path, "The text is empty. Send some, or leave the language out.")
    }
    guard words.unicodeScalars.count <= longest else {
      throw DefinitionFault(path, "The text is longer than 2,000 characters. Shorten it.")
    }
    guard words.unicodeScalars.allSatisfy({ $0 == "\n" || $0.properties.generalCategory != .control }) else {
      throw DefinitionFault(path, "The text holds a control character. Remove it.")
    }
  }
}

extension FormsV1.LocalizedText {
  /// The text in a language, or in the form's own where it is not there.
  func text(in language: String, of form: FormsV1.Form) -> String {
    texts[language] ?? texts[form.defaultLanguage] ?? ""
  }
}

extension FormsV1.Form {
  /// Every language that one of its texts has.
  var languages: Set<String> {
    var texts = [title, ending]
    for page in pages {
      texts.append(page.title)
      for question in page.questions {
        texts.append(question.label)
        if case .choice(let choice) = question.kind { texts += choice.choices.map(\.label) }
      }
    }
    return Set(texts.compactMap(\.self).flatMap(\.texts.keys)).union([defaultLanguage])
  }
}
