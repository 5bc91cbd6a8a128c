internal import Messages
internal import Templates
internal import UserTables
internal import Values

/// A message as one profile gets it.
struct RenderedMessage: Sendable, Hashable {
  var language: String
  var subject: String
  /// Empty: a mail of text alone.
  var html: String
  var text: String
  /// Where its reader unsubscribes; empty where nobody can.
  var unsubscribeURL: String
}

/// Renders a campaign's contents for profiles.
final class MessageRenderer: Sendable {
  /// Whether nobody can unsubscribe from it.
  let isTransactional: Bool
  let contents: CampaignContents
  let links: Links
  private let zone: Zone

  init(campaign: CampaignRecord, contents: CampaignContents, links: Links) {
    isTransactional = campaign.message.kind == .transactional
    self.contents = contents
    self.links = links
    zone = campaign.zone
  }

  /// What tells of a recipient's reading.
  enum Tracking: Sendable {
    case none
    /// Links lead through us.
    case links
    /// And a picture tells of the opening.
    case linksAndOpening
  }

  /// Why a message cannot be rendered for a profile.
  struct Failure: Error, Sendable, Hashable {
    let explanation: String
  }

  /// Renders a message with its links.
  ///
  /// - Parameters:
  ///   - message: its number; nil: a preview, whose links lead nowhere.
  /// - Throws: ``Failure`` for a profile whose values make the templates too large, or break a line in the subject.
  func render(
    for recipient: Recipient, message: Int64?, values: [String: TypeV1.Value], tracking: Tracking
  ) throws(Failure) -> RenderedMessage {
    let language = contents.language(for: recipient.motherLanguage)
    guard let content = contents.byLanguage[language] else { throw Failure(explanation: "It has no content.") }
    let unsubscribeURL = isTransactional ? "" : url(.unsubscribe, recipient, message)
    let given = self.values(for: recipient, message: message, values, unsubscribeURL)
    let options = RenderOptions(zone: zone)
    do throws(TemplateError) {
      let subject = try content.subject.render(given, options: options)
      let html = try content.html?.render(given, options: options) ?? ""
      let text = try content.text?.render(given, options: options) ?? PlainText.of(html)
      return RenderedMessage(
        language: language, subject: try checked(subject),
        html: tracked(html, recipient, message, tracking), text: text, unsubscribeURL: unsubscribeURL)
    } catch {
      throw Failure(explanation: error.description)
    }
  }

  /// A subject on one line. White space around it is the template's, and counts for nothing.
  private func checked(_ subject: String) throws(TemplateError) -> String {
    let line = Self.trimmed(subject)
    guard TextProblem.of(line, most: 500) == nil, !line.isEmpty else {
      throw TemplateError(
        line: 1, column: 1, explanation: "The subject is empty, too long, or has a line break or a control character.")
    }
    return line
  }

  private static func trimmed(_ text: String) -> String {
    let visible = UInt8(ascii: "!")...UInt8(ascii: "~")
    // Most are, and characters are dear.
    if let first = text.utf8.first, let last = text.utf8.last, visible.contains(first), visible.contains(last) {
      return text
    }
    var line = text[...].drop { $0.isWhitespace }
    while line.last?.isWhitespace == true { line.removeLast() }
    return String(line)
  }

  private func values(
    for recipient: Recipient, message: Int64?, _ values: [String: TypeV1.Value], _ unsubscribeURL: String
  ) -> [String: TemplateValue] {
    var given: [String: TemplateValue] = [
      "profile": recipient.profile, "rows": recipient.rows, "values": TemplateValue(values),
    ]
    if contents.needs.webVersion { given["web_version_url"] = .text(url(.webVersion, recipient, message)) }
    if !isTransactional { given["unsubscribe_url"] = .text(unsubscribeURL) }
    return given
  }

  private func url(_ kind: Links.Kind, _ recipient: Recipient, _ message: Int64?) -> String {
    guard let message else { return "\(links.prefix)\(kind.segment)/preview" }
    return links.url(.init(kind: kind, message: message, profile: recipient.id))
  }

  private func tracked(_ html: String, _ recipient: Recipient, _ message: Int64?, _ tracking: Tracking) -> String {
    guard let message, tracking != .none, !html.isEmpty else { return html }
    let pixel = tracking == .linksAndOpening ? url(.open, recipient, message) : nil
    return TrackedHTML.of(html, pixel: pixel) { target in
      // Ours are links of their own; one that is too long for its address stays as it is.
      guard !target.hasPrefix(links.prefix), target.utf8.count <= 1_500 else { return nil }
      return links.url(.init(kind: .click, message: message, profile: recipient.id, target: target))
    }
  }
}
