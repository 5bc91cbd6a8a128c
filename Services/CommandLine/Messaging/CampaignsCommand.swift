import ArgumentParser
import Messages

/// `rapport campaigns`: personalized messages for an audience.
struct CampaignsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "campaigns",
    abstract: "Personalized messages for an audience, and what became of them.",
    discussion: "Example: rapport campaigns launch \(Campaigns.example) --wait",
    subcommands: Campaigns.subcommands + [
      DeleteCommand<Campaigns>.self, LaunchCommand.self, Pause.self, Resume.self, Cancel.self, Report.self,
      PreviewCommand.self, SendCommand.self, MessagesCommand.self,
    ])

  /// `rapport campaigns pause`.
  struct Pause: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Holds back the messages that have not left.",
      discussion: "Example: rapport campaigns pause \(Campaigns.example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The campaign's whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = MessagingV1.PauseCampaignRequest()
      request.name = name
      let campaign = try await session.call(MessagingV1.MessagingService.pauseCampaign, request)
      try session.output.print(campaign, table: Campaigns.text)
    }
  }

  /// `rapport campaigns resume`.
  struct Resume: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Goes on with a paused campaign.",
      discussion: "Example: rapport campaigns resume \(Campaigns.example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The campaign's whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = MessagingV1.ResumeCampaignRequest()
      request.name = name
      let campaign = try await session.call(MessagingV1.MessagingService.resumeCampaign, request)
      try session.output.print(campaign, table: Campaigns.text)
    }
  }

  /// `rapport campaigns cancel`.
  struct Cancel: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ends a campaign: messages that have not left never will.",
      discussion: "Example: rapport campaigns cancel \(Campaigns.example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The campaign's whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = MessagingV1.CancelCampaignRequest()
      request.name = name
      let campaign = try await session.call(MessagingV1.MessagingService.cancelCampaign, request)
      try session.output.print(campaign, table: Campaigns.text)
    }
  }

  /// `rapport campaigns report`.
  struct Report: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tells how many messages were sent, not sent and why, and what recipients did.",
      discussion: "Example: rapport campaigns report \(Campaigns.example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The campaign's whole name.")
    var name: String

    func run(in session: Session) async throws {
      try await session.output.print(CampaignReports.get(name, session), table: CampaignReports.text)
    }
  }
}
