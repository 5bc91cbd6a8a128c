import Database
import DatabaseTesting
import MailTesting
import Messages
import RPC
import ServiceKitTesting
import ServiceTesting
import Synchronization
import Testing
import Values

@testable import Messaging

@Suite("Sending, of campaigns that are paused, cancelled or slow")
struct SendingStateTests {
  @Test("a paused campaign holds back what has not left, a resumed one goes on, a cancelled one never does")
  func states() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.makeMessages(to: 1...5)
      let worker = try await TestWorker(suite)
      let batch = try #require(try await worker.claim(2))
      _ = try await suite.call(MessagingV1.MessagingService.pauseCampaign) { $0.name = TestSuite.campaign }
      #expect(try await !worker.begin(batch.messages[0].id))
      try await worker.leave()
      try await suite.sendAll()
      #expect(suite.sink.kept.isEmpty)
      _ = try await suite.call(MessagingV1.MessagingService.resumeCampaign) { $0.name = TestSuite.campaign }
      let again = try await TestWorker(suite)
      _ = try await again.claim(2)
      _ = try await suite.call(MessagingV1.MessagingService.cancelCampaign) { $0.name = TestSuite.campaign }
      try await again.leave()
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.count(.cancelled) == 5 && report.adds && suite.sink.kept.isEmpty)
      let refusal = try await suite.refusal(MessagingV1.MessagingService.resumeCampaign) {
        $0.name = TestSuite.campaign
      }
      #expect(refusal.code == .failedPrecondition)
    }
  }

  @Test("once a campaign is paused, the mail server is bothered with no more than the message that was begun")
  func pausedMidway() async throws {
    let pause = Mutex<(@Sendable () async -> Void)?>(nil)
    let sink = MailSink(beforeAnswer: { _ in await pause.withLock { $0 }?() })
    try await TestSuite.with(sink) { suite async throws in
      suite.peers.add(1...6)
      try await suite.createCampaign()
      try await suite.launch()
      pause.withLock { body in
        body = {
          _ = try? await suite.call(MessagingV1.MessagingService.pauseCampaign) { $0.name = TestSuite.campaign }
        }
      }
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 1 && report.waiting == 5 && report.adds)
      #expect(sink.commands.count { $0 == "DATA" } == 2)
    }
  }

  @Test("a campaign that is cancelled before its messages are made adds up all the same")
  func cancelledEarly() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...10)
      try await suite.createCampaign()
      try await suite.launch()
      _ = try await suite.rooms.campaigns.gather(limit: 4, now: suite.time.now)
      _ = try await suite.call(MessagingV1.MessagingService.cancelCampaign) { $0.name = TestSuite.campaign }
      #expect(try await suite.report().adds)
      try await suite.gather()
      let report = try await suite.report()
      #expect(report.count(.cancelled) == 10 && report.audience == 10 && report.adds)
    }
  }

  @Test("of a campaign with a rate no more is claimed than leaves soon, whoever locks the campaign")
  func claimingWithRate() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...50)
      try await suite.createCampaign { $0.messagesPerSecond = 10 }
      try await suite.launch()
      try await suite.gather()
      let worker = try await TestWorker(suite)
      func claim() async throws -> [Int64] { try await worker.claim(100)?.messages.map(\.id) ?? [] }
      // As a call does that makes a message.
      try await suite.test.database.transaction(as: .worker) { transaction in
        try await transaction.execute(Statement(name: "test.share", sql: "SELECT number FROM campaigns FOR SHARE"), [])
        let first = try await claim()
        #expect(first.count == 10)
        #expect(try await claim().count == 10)
        #expect(try await claim().isEmpty)
        try await worker.release(Array(first.prefix(4)))
        #expect(try await claim().count == 4)
      }
    }
  }

  @Test("messages leave an interval apart, whoever sends them and however long nothing moved")
  func slots() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createCampaign()
      let campaign = try #require(try await suite.rooms.campaigns.find("come-back", entity: 1)).number
      func slot() async throws -> Duration? {
        try await suite.parts.queue.takeSlot(of: campaign, interval: .milliseconds(100), now: suite.time.now)?
          .duration(since: suite.time.now)
      }
      #expect(try await slot() == .zero)
      #expect(try await slot() == .milliseconds(100))
      suite.time.advance(by: .milliseconds(150))
      #expect(try await slot() == .milliseconds(50))
      suite.time.advance(by: .seconds(5))
      #expect(try await slot() == .zero)
      #expect(try await slot() == .milliseconds(100))
      // A clock that is set back holds up nothing.
      suite.time.advance(by: .seconds(-3_600))
      #expect(try await slot() == .zero)
      #expect(try await slot() == .milliseconds(100))
    }
  }

  @Test("a courier that was kept up sends no burst afterwards, and leaves nothing in doubt while it waits")
  func stall() async throws {
    let stalling = Mutex<(@Sendable () -> Void)?>(nil)
    let sink = MailSink(beforeAnswer: { _ in
      stalling.withLock { stall in
        stall?()
        stall = nil
      }
    })
    try await TestSuite.with(sink) { suite async throws in
      suite.peers.add(1...3)
      try await suite.createCampaign { $0.messagesPerSecond = 10 }
      try await suite.launch()
      stalling.withLock { stall in stall = { suite.time.advance(by: .seconds(5)) } }
      let sending = Task { try await suite.sendAll() }
      await suite.time.untilSleeping()
      #expect(suite.sink.kept.count == 2)
      #expect(try await suite.report().sent == 2)
      suite.time.advance(by: .milliseconds(100))
      try await sending.value
      #expect(try await suite.report().sent == 3)
    }
  }
}
