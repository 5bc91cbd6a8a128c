internal import Mail
internal import Messages
internal import Templates
internal import UserTables

/// A profile as a message to it needs it.
final class Recipient: Sendable {
  let id: UInt32
  /// Nil: it has none, or one that is none.
  let address: EmailAddress?
  /// Empty: unknown.
  let motherLanguage: String
  /// Nil: the table does not ask for it.
  let consents: Bool?
  /// The subscriptions that it holds.
  let subscriptions: Set<String>
  /// For templates: its fields, references with their rows.
  let profile: TemplateValue
  /// For templates: rows by custom table.
  let rows: TemplateValue

  init(
    id: UInt32, _ message: ProfilesV1.Profile, table: ProfileTableShape, references: [String: TemplateValue],
    rows: [String: TemplateValue]
  ) {
    func text(_ field: String?) -> String {
      guard let field, case .stringValue(let text) = message.fields[field]?.kind else { return "" }
      return text
    }
    func flag(_ field: String) -> Bool {
      if case .boolValue(let flag) = message.fields[field]?.kind { flag } else { false }
    }
    self.id = id
    address = EmailAddress(text(table.emailAddress))
    motherLanguage = text(table.motherLanguage)
    consents = table.marketingConsent.map(flag)
    subscriptions = Set(table.message.subscriptions.map(\.id).filter(flag))
    var fields = message.fields.mapValues { TemplateValue($0) }
    for (reference, row) in references { fields[reference] = row }
    profile = .object(fields)
    self.rows = .object(rows)
  }

  /// Why a message of the campaign is not for this profile, by what the profile itself says; nil when it is.
  ///
  /// What only Messaging knows is checked behind it: quarantine, blacklist, earlier contacts.
  func refusal(by campaign: MessagingV1.Campaign) -> MessagingV1.NotSentReason? {
    if address == nil { return .noAddress }
    if campaign.kind == .transactional { return nil }
    if consents == false { return .noConsent }
    if !subscriptions.contains(campaign.subscription) { return .notSubscribed }
    return nil
  }
}
