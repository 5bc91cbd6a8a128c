internal import Messages
internal import RPC
internal import Templates
internal import UserTables

/// A campaign's contents, compiled.
struct CampaignContents: Sendable {
  /// What it says in one language.
  struct Content: Sendable {
    let subject: Template
    /// Nil: a mail of text alone.
    let html: Template?
    /// Nil: made from the HTML.
    let text: Template?
  }

  let byLanguage: [String: Content]
  let defaultLanguage: String
  /// What rendering must be given.
  let needs: ContentNeeds

  /// Compiles the contents of a campaign.
  ///
  /// - Throws: ``RPCError`` INVALID_ARGUMENT, naming the content, line and column.
  init(_ campaign: MessagingV1.Campaign) throws(RPCError) {
    var contents: [String: Content] = [:]
    var needs = ContentNeeds()
    for (language, content) in campaign.contents.sorted(by: { $0.key < $1.key }) {
      let path = "campaign.contents[\(language)]"
      if [content.subject, content.html, content.text].contains(where: { $0.contains("web_version_url") }) {
        needs.webVersion = true
      }
      guard !content.subject.isEmpty else { throw .invalid("\(path).subject", "It is missing. Write one.") }
      // A header cannot hold one, whatever the profile is like.
      guard !content.subject.contains(where: \.isNewline) else {
        throw .invalid("\(path).subject", "It has a line break. Write it in one line.")
      }
      guard !content.html.isEmpty || !content.text.isEmpty else {
        throw .invalid(path, "It says nothing. Write `html` or `text`.")
      }
      let compiled = Content(
        subject: try Self.compile(content.subject, .text, "\(path).subject"),
        html: content.html.isEmpty ? nil : try Self.compile(content.html, .html, "\(path).html"),
        text: content.text.isEmpty ? nil : try Self.compile(content.text, .text, "\(path).text"))
      for (template, part) in [(compiled.subject, "subject"), (compiled.html, "html"), (compiled.text, "text")] {
        if let template { needs.add(template.mentions, from: "\(path).\(part)") }
      }
      contents[language] = compiled
    }
    self.byLanguage = contents
    self.defaultLanguage = campaign.defaultLanguage
    self.needs = needs
  }

  /// The language for a profile whose mother language is this one: it, or the default.
  func language(for motherLanguage: String) -> String {
    byLanguage[motherLanguage] == nil ? defaultLanguage : motherLanguage
  }

  private static func compile(
    _ text: String, _ context: Template.Context, _ field: String
  ) throws(RPCError) -> Template {
    if text.unicodeScalars.contains("\0") { throw .invalid(field, GivenValue.nulExplanation) }
    do throws(TemplateError) { return try Template(text, context: context) } catch {
      throw .invalid(field, error.description)
    }
  }
}

/// What templates name, so that it is read before they are rendered, and nothing else is.
struct ContentNeeds: Sendable {
  /// The most rows of one table that a loop goes through.
  static let mostRows = 100

  /// A name, and the content that it stands in.
  struct Use: Sendable {
    let mention: Mention
    let content: String
  }

  private(set) var uses: [Use] = []
  /// Names of references whose rows are wanted.
  private(set) var references: Set<String> = []
  /// Ids of custom tables, and how many of a profile's rows are wanted at most.
  private(set) var tables: [String: Int] = [:]
  /// Whether the address of the web version may be wanted.
  var webVersion = false

  /// Whether templates for profiles of this table show rows of custom tables: repositories' or the profiles' own.
  func reachRows(of table: ProfileTableShape) -> Bool {
    !tables.isEmpty || references.contains { table.repositories[$0] != nil }
  }

  mutating func add(_ mentions: [Mention], from content: String) {
    for mention in mentions {
      uses.append(Use(mention: mention, content: content))
      switch (mention.path.first, mention.path.count) {
      case ("profile", 3...): references.insert(mention.path[1])
      case ("rows", 2):
        // A loop says how many it takes; a list that is named otherwise is wanted whole.
        tables[mention.path[1]] = max(tables[mention.path[1]] ?? 1, min(mention.limit ?? Self.mostRows, Self.mostRows))
      case ("rows", 3...):
        let isInLoop = mention.path[2] == "[]" || mention.path[2] == "first"
        tables[mention.path[1]] = max(tables[mention.path[1]] ?? 1, isInLoop ? 1 : Self.mostRows)
      default: break
      }
    }
  }
}
