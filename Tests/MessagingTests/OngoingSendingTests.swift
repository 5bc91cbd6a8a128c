import Database
import DatabaseTesting
import MailTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

@Suite("Sending, one message at a time")
struct OngoingSendingTests {
  @Test("an ongoing campaign reaches a profile once, whoever asks; a request is done once")
  func ongoing() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...2)
      try await suite.createCampaign(.ongoing)
      func send(_ id: String) async throws -> String {
        try await suite.call(
          InternalV1.MessageDirectoryService.sendCampaign, as: .service(.automation, [TestSuite.b2c])
        ) { request in
          request.campaign = TestSuite.campaign
          request.profile = 1
          request.values = ["code": .text("A<17")]
          request.requestId = id
        }.message
      }
      await #expect(throws: RPCError.self) { _ = try await send("a") }
      try await suite.launch()
      let first = try await send("a")
      #expect(try await send("a") == first)
      _ = try await send("b")
      try await suite.sendAll()
      suite.time.advance(by: .seconds(11))
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 1 && report.count(.alreadyContacted) == 1 && report.adds)
      #expect(ReadMail(suite.sink.kept[0].message).body.contains("Bonjour Mo&#39;nique A&lt;17"))
      #expect(try await suite.get().state == .active)
    }
  }

  @Test("of two calls at the same time for one profile, the message that is made later does not leave first")
  func atTheSameTime() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add([1])
      try await suite.createCampaign(.ongoing)
      try await suite.launch()
      let campaign = try #require(try await suite.rooms.campaigns.find("come-back", entity: 1))
      let database = suite.test.database
      let isDone = Mutex(false)
      let call: @Sendable () async throws -> Void = {
        _ = try await suite.call(MessagingV1.MessagingService.sendMessage) { request in
          request.parent = TestSuite.campaign
          request.profile = "\(PeersDouble.customers)/profiles/1"
        }
        isDone.withLock { $0 = true }
      }
      let second = try await database.transaction(as: .entity(1)) { transaction in
        _ = try await MessageStore.create(in: campaign, profile: 1, values: [:], now: suite.time.now, transaction)
        let second = Task(operation: call)
        while try await database.read(Self.waiting, [], as: .worker).isEmpty, !isDone.withLock({ $0 }) {}
        try await suite.sendAll()
        return second
      }
      try await second.value
      try await suite.sendAll()
      suite.time.advance(by: .seconds(11))
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 1 && report.count(.alreadyContacted) == 1 && report.adds)
      #expect(suite.sink.kept.count == 1)
    }
  }

  private static let waiting = Statement(
    name: "test.waiting",
    sql: """
      SELECT pid
      FROM pg_locks
      JOIN pg_database ON pg_database.oid = pg_locks.database
      WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
      """)

  @Test("a paused campaign takes messages, which leave once it is resumed; a cancelled one takes none")
  func ongoingPaused() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...2)
      try await suite.createCampaign(.ongoing)
      try await suite.launch()
      typealias Service = MessagingV1.MessagingService
      _ = try await suite.call(Service.pauseCampaign) { $0.name = TestSuite.campaign }
      _ = try await suite.call(Service.sendMessage) { request in
        request.parent = TestSuite.campaign
        request.profile = "\(PeersDouble.customers)/profiles/1"
      }
      try await suite.sendAll()
      #expect(try await suite.report().waiting == 1)
      #expect(suite.sink.kept.isEmpty)
      _ = try await suite.call(Service.resumeCampaign) { $0.name = TestSuite.campaign }
      try await suite.sendAll()
      #expect(suite.sink.kept.count == 1)
      _ = try await suite.call(Service.cancelCampaign) { $0.name = TestSuite.campaign }
      let refusal = try await suite.refusal(Service.sendMessage) { request in
        request.parent = TestSuite.campaign
        request.profile = "\(PeersDouble.customers)/profiles/2"
      }
      #expect(refusal.reason == "CAMPAIGN_NOT_ACTIVE")
    }
  }

  @Test("a transactional message asks for no consent, is sent as often as asked, and ends no subscription")
  func transactional() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add([1]) {
        $0["marketingConsent"] = .flag(false)
        $0["newsletter"] = .flag(false)
      }
      try await suite.createCampaign(.transactional)
      try await suite.launch()
      for _ in 0..<2 {
        _ = try await suite.call(MessagingV1.MessagingService.sendMessage) { request in
          request.parent = TestSuite.campaign
          request.profile = "\(PeersDouble.customers)/profiles/1"
        }
      }
      try await suite.sendAll()
      #expect(suite.sink.kept.count == 2)
      #expect(ReadMail(suite.sink.kept[0].message).headers["List-Unsubscribe"] == nil)
    }
  }
}
