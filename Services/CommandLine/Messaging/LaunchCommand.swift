import ArgumentParser
import Messages

/// `rapport campaigns launch NAME [--wait]`.
struct LaunchCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch",
    abstract: "Launches a campaign; with --wait, shows how it goes until every message is settled.",
    discussion: "Example: rapport campaigns launch \(Campaigns.example) --wait")

  @OptionGroup var common: CommonOptions

  @Argument(help: "The campaign's whole name.")
  var name: String

  @Option(help: ArgumentHelp("Makes a repeat of this command answer what the first did.", valueName: "id"))
  var requestID: String?

  @Flag(help: "Ends when every message is settled, and prints the report.")
  var wait = false

  func run(in session: Session) async throws {
    var request = MessagingV1.LaunchCampaignRequest()
    request.name = name
    request.requestId = requestID ?? ""
    let campaign = try await session.call(MessagingV1.MessagingService.launchCampaign, request)
    guard wait else {
      try session.output.print(campaign, table: Campaigns.text)
      return
    }
    try await session.output.print(CampaignWatch(name: name, session: session).run(), table: CampaignReports.text)
  }
}

/// Follows a campaign until nothing of it waits any more.
struct CampaignWatch {
  let name: String
  let session: Session
  /// Waits between two looks.
  var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

  /// - Returns: the report at the end: all is settled, or somebody has paused or cancelled the campaign.
  func run() async throws -> MessagingV1.CampaignReport {
    var progress = ProgressBar("Sending", total: nil, unit: .messages)
    defer { progress.finish() }
    while true {
      // The state is asked for first: a campaign that is completed has nothing waiting in the report that follows.
      let campaign = try await Campaigns.get(name, session)
      let report = try await CampaignReports.get(name, session)
      if campaign.isSettled(report) {
        if campaign.state == .paused { Console.note("\(name) is paused; rapport campaigns resume \(name) goes on.") }
        return report
      }
      progress.expect(report.audience)
      progress.advance(to: report.audience - report.waiting)
      if !report.obstacle.isEmpty { progress.say(report.obstacle) }
      try await sleep(.milliseconds(500))
    }
  }
}

extension MessagingV1.Campaign {
  /// A mass campaign finds its audience while it is active, so that nothing waiting says nothing before its end; the
  /// others stay active for ever.
  fileprivate func isSettled(_ report: MessagingV1.CampaignReport) -> Bool {
    state != .active || (kind != .mass && report.waiting == 0)
  }
}
