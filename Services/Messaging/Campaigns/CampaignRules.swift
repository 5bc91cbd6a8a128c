internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// What a campaign's definition must be, whatever else there is.
enum CampaignRules {
  /// The most languages of a campaign.
  private static let mostLanguages = 50

  /// - Throws: ``RPCError`` INVALID_ARGUMENT, naming the field.
  static func check(_ campaign: MessagingV1.Campaign) throws(RPCError) {
    if let problem = TextProblem.of(campaign.displayName, most: 200) {
      throw .invalid("campaign.display_name", problem)
    }
    guard [.mass, .ongoing, .transactional].contains(campaign.kind) else {
      throw .invalid("campaign.kind", "It is none of MASS, ONGOING and TRANSACTIONAL. Set one.")
    }
    guard campaign.channel == .email else { throw .invalid("campaign.channel", "Only EMAIL is served. Set it.") }
    guard (0...100_000).contains(campaign.messagesPerSecond) else {
      throw .invalid("campaign.messages_per_second", "It is 0 to 100,000. Send such.")
    }
    if campaign.kind != .mass, !campaign.targeting.isEmpty {
      throw .invalid("campaign.targeting", "Only a MASS campaign has one. Leave it out.")
    }
    if campaign.kind != .transactional, campaign.subscription.isEmpty {
      throw .invalid("campaign.subscription", "Name the e-mail subscription that recipients hold and can end.")
    }
    try checkLanguages(campaign)
  }

  private static func checkLanguages(_ campaign: MessagingV1.Campaign) throws(RPCError) {
    guard campaign.contents.count <= mostLanguages else {
      throw .invalid("campaign.contents", "There are more than \(mostLanguages) languages. Send fewer.")
    }
    for language in campaign.contents.keys.sorted() where !isLanguage(language) {
      throw .invalid(
        "campaign.contents[\(language.prefix(10))]",
        "The key is no language code. Use two letters of ISO 639-1, such as fr.")
    }
    guard isLanguage(campaign.defaultLanguage) else {
      throw .invalid("campaign.default_language", "It is no language code. Use two letters of ISO 639-1, such as fr.")
    }
    guard campaign.contents.isEmpty || campaign.contents[campaign.defaultLanguage] != nil else {
      throw .invalid("campaign.default_language", "`contents` has nothing in this language. Add it, or name another.")
    }
  }

  private static func isLanguage(_ text: String) -> Bool {
    text.utf8.count == 2 && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
  }
}

extension MessagingV1.Campaign {
  /// The definition with what an update replaces.
  func replacing(_ sent: MessagingV1.Campaign, _ mask: FieldMask) -> MessagingV1.Campaign {
    var new = self
    if mask.includes("display_name", isSet: !sent.displayName.isEmpty) { new.displayName = sent.displayName }
    if mask.includes("targeting", isSet: !sent.targeting.isEmpty) { new.targeting = sent.targeting }
    if mask.includes("subscription", isSet: !sent.subscription.isEmpty) { new.subscription = sent.subscription }
    if mask.includes("sender", isSet: !sent.sender.isEmpty) { new.sender = sent.sender }
    if mask.includes("default_language", isSet: !sent.defaultLanguage.isEmpty) {
      new.defaultLanguage = sent.defaultLanguage
    }
    if mask.includes("contents", isSet: !sent.contents.isEmpty) { new.contents = sent.contents }
    if mask.includes("messages_per_second", isSet: sent.messagesPerSecond != 0) {
      new.messagesPerSecond = sent.messagesPerSecond
    }
    return new
  }

  /// Whether the other differs in what is fixed once it was launched.
  func isFixed(against other: MessagingV1.Campaign) -> Bool {
    targeting == other.targeting && subscription == other.subscription && sender == other.sender
      && defaultLanguage == other.defaultLanguage && contents == other.contents
  }
}
