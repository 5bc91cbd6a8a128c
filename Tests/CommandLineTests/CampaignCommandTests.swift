import Foundation
import Messages
import RPC
import Synchronization
import Testing

@testable import CommandLineTool

@Suite("rapport campaigns")
struct CampaignCommandTests {
  private static let name = "entities/b2c/campaigns/come-back"

  /// A campaign that settles a message each time its report is asked for.
  private final class Sending: Sendable {
    private let waiting: Mutex<Int64>
    private let kind: MessagingV1.CampaignKind

    init(waiting: Int64, kind: MessagingV1.CampaignKind) {
      self.waiting = Mutex(waiting)
      self.kind = kind
    }

    func register(on router: inout Router) {
      router.handle(MessagingV1.MessagingService.launchCampaign) { _, _ in self.campaign }
      router.handle(MessagingV1.MessagingService.getCampaign) { _, _ in self.campaign }
      router.handle(MessagingV1.MessagingService.getCampaignReport) { _, _ in
        var report = MessagingV1.CampaignReport()
        report.audience = 10
        report.waiting = self.waiting.withLock { waiting in
          waiting = max(0, waiting - 1)
          return waiting
        }
        report.notSent = 1
        report.sent = 9 - report.waiting
        var reason = MessagingV1.ReasonCount()
        reason.reason = .noConsent
        reason.count = 1
        report.notSentByReason = [reason]
        return report
      }
    }

    private var campaign: MessagingV1.Campaign {
      var campaign = MessagingV1.Campaign()
      campaign.name = CampaignCommandTests.name
      campaign.kind = kind
      let isDone = kind == .mass && waiting.withLock { $0 == 0 }
      campaign.state = isDone ? .completed : .active
      return campaign
    }
  }

  @Test(
    "a launch that waits ends with the report in which nothing waits",
    arguments: [
      MessagingV1.CampaignKind.mass, .ongoing,
    ])
  func launchAndWait(kind: MessagingV1.CampaignKind) async throws {
    let sending = Sending(waiting: 3, kind: kind)
    try await SuiteFixture.run {
      sending.register(on: &$0)
    } _: { suite in
      let launch = try await suite.rapport.run("campaigns", "launch", Self.name, "--wait", "-o", "json")
      #expect(
        launch.output
          == #"{"audience":"10","sent":"9","notSent":"1","notSentByReason":[{"reason":"NOT_SENT_REASON_NO_CONSENT","count":"1"}]}"#
          + "\n")
      #expect(suite.gate.calls.filter { $0.hasSuffix("GetCampaignReport") }.count >= 3)
    }
  }

  @Test("a launch that does not wait prints the campaign")
  func launch() async throws {
    let sending = Sending(waiting: 3, kind: .mass)
    try await SuiteFixture.run {
      sending.register(on: &$0)
    } _: { suite in
      let launch = try await suite.rapport.run("campaigns", "launch", Self.name, "-o", "json")
      #expect(launch.output.contains(#""state":"CAMPAIGN_STATE_ACTIVE""#))
      let report = try await suite.rapport.run("campaigns", "report", Self.name)
      #expect(report.output.contains("  no-consent        1"))
    }
  }

  @Test("messages are listed by state and profile, each with its reason")
  func messages() async throws {
    let seen = Mutex<MessagingV1.ListMessagesRequest?>(nil)
    try await SuiteFixture.run {
      $0.handle(MessagingV1.MessagingService.listMessages) { request, _ in
        seen.withLock { $0 = request }
        var message = MessagingV1.Message()
        message.name = "m/1"
        message.profile = "p/1"
        message.state = .notSent
        message.notSentReason = .noAddress
        var answer = MessagingV1.ListMessagesResponse()
        answer.messages = [message]
        return answer
      }
    } _: { suite in
      let list = try await suite.rapport.run(
        "campaigns", "messages", Self.name, "--state", "not-sent", "--profile", "p/1")
      #expect(
        list.output == "NAME  PROFILE  STATE     REASON      LANGUAGE  ACCEPTED\nm/1   p/1      not-sent  no-address\n")
      let request = try #require(seen.withLock { $0 })
      #expect(request.state == .notSent)
      #expect(request.profile == "p/1")
      #expect(try await suite.rapport.run("campaigns", "messages", Self.name, "--state", "gone").status == 64)
    }
  }
}
