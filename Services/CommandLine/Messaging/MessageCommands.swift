import ArgumentParser
import Messages

/// Values that a call gives to templates or steps.
struct CallValues: ParsableArguments {
  @Option(help: ArgumentHelp("Values by name, as a JSON object.", valueName: "json"))
  var values: String?

  /// The values, each in the kind that its JSON suggests.
  ///
  /// - Throws: ``CommandError`` naming what is no value.
  func read() throws -> [String: TypeV1.Value] {
    guard let values else { return [:] }
    return try FieldData.values(FieldData.members(of: Array(values.utf8)), of: TableShape())
  }
}

/// `rapport campaigns preview NAME --profile PROFILE`.
struct PreviewCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Renders a campaign as one profile would get it; nothing is sent.",
    discussion: "Example: rapport campaigns preview \(Campaigns.example) --profile \(ProfileRecords.example)")

  @OptionGroup var common: CommonOptions

  @Argument(help: "The campaign's whole name.")
  var name: String

  @Option(help: "The profile's whole name.")
  var profile: String

  @OptionGroup var values: CallValues

  func run(in session: Session) async throws {
    var request = MessagingV1.PreviewCampaignRequest()
    request.name = name
    request.profile = profile
    request.values = try values.read()
    let preview = try await session.call(MessagingV1.MessagingService.previewCampaign, request)
    try session.output.print(preview) { preview in
      var details = Details()
      if preview.notSentReason != .unspecified { details.add("Not sent", EnumWord.text(preview.notSentReason)) }
      details.add("Language", preview.language)
      details.add("Subject", preview.subject)
      let lines = preview.text.split(separator: "\n", omittingEmptySubsequences: false)
      return details.text + "\n\n" + lines.map { String($0).printable }.joined(separator: "\n")
    }
  }
}

/// `rapport campaigns send NAME --profile PROFILE`.
struct SendCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Sends an active ongoing or transactional campaign to one profile.",
    discussion: """
      Example: rapport campaigns send entities/b2c/campaigns/receipt --profile \(ProfileRecords.example) \
      --values '{"code":"A17"}'
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: "The campaign's whole name.")
  var name: String

  @Option(help: "The profile's whole name.")
  var profile: String

  @OptionGroup var values: CallValues

  @Option(help: ArgumentHelp("Makes a repeat of this command answer what the first did.", valueName: "id"))
  var requestID: String?

  func run(in session: Session) async throws {
    var request = MessagingV1.SendMessageRequest()
    request.parent = name
    request.profile = profile
    request.values = try values.read()
    request.requestId = requestID ?? ""
    let message = try await session.call(MessagingV1.MessagingService.sendMessage, request)
    try session.output.print(message) { MessagesCommand.table(of: [$0]).text }
  }
}

/// `rapport campaigns messages NAME`.
struct MessagesCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "messages",
    abstract: "Lists the messages of a campaign.",
    discussion: """
      States: \(EnumWord.list(of: MessagingV1.MessageState.self)).

      Example: rapport campaigns messages \(Campaigns.example) --state not-sent
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: "The campaign's whole name.")
  var name: String

  @Option(help: "Only messages in this state.")
  var state: String?

  @Option(help: "Only those of this profile.")
  var profile: String?

  @OptionGroup var page: PageOptions

  func run(in session: Session) async throws {
    var request = MessagingV1.ListMessagesRequest()
    request.parent = name
    request.profile = profile ?? ""
    if let state {
      guard let value = EnumWord.value(state, of: MessagingV1.MessageState.self), value != .unspecified else {
        let states = EnumWord.list(of: MessagingV1.MessageState.self)
        throw CommandError.usage("There is no state \(state) of messages. The states are \(states).")
      }
      request.state = value
    }
    let list = try await session.page(MessagingV1.MessagingService.listMessages, request, page)
    try session.output.print(page: list) { Self.table(of: $0.messages).text }
  }

  /// A line for each message.
  static func table(of messages: [MessagingV1.Message]) -> TextTable {
    var table = TextTable("NAME", "PROFILE", "STATE", "REASON", "LANGUAGE", "ACCEPTED", empty: "There is no message.")
    table.rows = messages.map { message in
      let reason = message.notSentReason == .unspecified ? "" : EnumWord.text(message.notSentReason)
      return [
        message.name, message.profile, EnumWord.text(message.state), reason, message.language,
        Moment.text(message.acceptTime),
      ]
    }
    return table
  }
}
