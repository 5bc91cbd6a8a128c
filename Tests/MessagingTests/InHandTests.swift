import Database
import DatabaseTesting
import MailTesting
import Messages
import ServiceKitTesting
import ServiceTesting
import Synchronization
import Testing
import Values

@testable import Messaging

@Suite("Messages in hand")
struct InHandTests {
  @Test("callers see them claimed or handing, and find them by that")
  func states() async throws {
    try await Self.with(profiles: 4, claiming: 3) { suite, worker, claimed in
      #expect(try await worker.begin(claimed[0]))
      let all = try await suite.messages()
      #expect(all.map(\.state) == [.handing, .claimed, .claimed, .waiting])
      for state in [MessagingV1.MessageState.waiting, .claimed, .handing, .sent] {
        let found = try await suite.call(MessagingV1.MessagingService.listMessages) { request in
          request.parent = TestSuite.campaign
          request.state = state
        }
        #expect(found.messages == all.filter { $0.state == state })
      }
      let report = try await suite.report()
      #expect(report.waiting == 4 && report.adds)
      try await worker.settle(claimed[0], .sent)
      #expect(try await suite.messages().map(\.state) == [.sent, .claimed, .claimed, .waiting])
    }
  }

  @Test("what is put back waits again; what is being handed over is not put back")
  func release() async throws {
    try await Self.with(profiles: 3, claiming: 3) { suite, worker, claimed in
      #expect(try await worker.begin(claimed[0]))
      try await worker.release(claimed)
      #expect(try await suite.messages().map(\.state) == [.handing, .waiting, .waiting])
      #expect(try await !worker.begin(claimed[1]))
    }
  }

  /// Who settles what is not being handed over.
  enum Rival: CaseIterable {
    case cancelling, forgetting

    func act(_ suite: TestSuite) async throws {
      switch self {
      case .cancelling:
        _ = try await suite.call(MessagingV1.MessagingService.cancelCampaign) { $0.name = TestSuite.campaign }
      case .forgetting: try await suite.forget(1)
      }
    }

    var reason: MessagingV1.NotSentReason { self == .cancelling ? .cancelled : .profileGone }
  }

  @Test("is not taken for waiting by whoever settles those at that moment", arguments: Rival.allCases)
  func handingFirst(rival: Rival) async throws {
    try await Self.with(profiles: 3, claiming: 2) { suite, worker, claimed in
      try await HandingGate.install(suite)
      let (isOurs, acting) = try await suite.test.database.transaction(as: .worker) { transaction in
        try await transaction.execute(HandingGate.close, [])
        let isOurs = Task { try await worker.begin(claimed[0]) }
        try await Self.wait(for: 1, suite)
        let isDone = Atomic(false)
        let acting = Task {
          defer { isDone.store(true, ordering: .relaxed) }
          try await rival.act(suite)
        }
        try await Self.wait(for: 2, suite)
        let hasWaited = !isDone.load(ordering: .relaxed)
        #expect(hasWaited)
        return (isOurs, acting)
      }
      #expect(try await isOurs.value)
      try await acting.value
      try await worker.settle(claimed[0], .sent)
      let report = try await suite.report()
      #expect(report.sent == 1 && report.count(rival.reason) == (rival == .cancelling ? 2 : 0) && report.adds)
    }
  }

  @Test("what was claimed and settled by another is not handed over", arguments: Rival.allCases)
  func rivalFirst(rival: Rival) async throws {
    try await Self.with(profiles: 1, claiming: 1) { suite, worker, claimed in
      try await rival.act(suite)
      #expect(try await !worker.begin(claimed[0]))
      try await worker.release(claimed)
      try await suite.sendAll()
      #expect(suite.sink.kept.isEmpty)
      #expect(try await suite.report().count(rival.reason) == 1)
    }
  }

  @Test("a message whose profile goes while it is handed over says nothing of it")
  func forgotten() async throws {
    try await Self.with(profiles: 2, claiming: 2) { suite, worker, claimed in
      for place in 0...1 {
        #expect(try await worker.begin(claimed[place]))
        try await suite.forget(UInt32(place + 1))
      }
      try await worker.settle(claimed[0], .notSent(.refusedByServer, answer: "550 c1@example.test"))
      try await worker.leave()
      let messages = try await suite.messages()
      #expect(messages.map(\.state) == [.notSent, .unknown])
      #expect(messages.allSatisfy { $0.profile.isEmpty && $0.serverAnswer.isEmpty && $0.language.isEmpty })
    }
  }

  @Test("what was in hand before there was a table for it is so afterwards")
  func migration() async throws {
    let (all, last) = (MessagingMigrations.all, MessagingMigrations.inHand)
    try await TestDatabase.with(service: "messaging", migrations: all.filter { $0.number < last.number }) { test in
      for statement in Self.before { try await test.database.write(statement, [], as: .worker) }
      try await Migrator(
        server: test.configuration.server, roles: test.configuration.roles, ddl: test.ddl, logger: .quiet
      ).migrate(all)
      let rows = try await test.database.read(Self.after, [], as: .worker)
      #expect(try rows.map { try $0.int(0) } == [1, 1, 1, 4, 5, 6])
      #expect(try rows.map { try $0.text(1) } == ["", "7 f", "8 t fr", "", "", ""])
    }
  }

  /// A message in each state, as they were kept.
  private static let before = [
    """
    INSERT INTO senders (entity, id, display_name, email_address, reply_to, created_at, updated_at)
    VALUES (1, 'shop', 'Shop', 'a@shop.test', '', now(), now())
    """,
    """
    INSERT INTO campaigns (entity, id, entity_key, time_zone, definition, kind, state, sender, profile_table,
      messages_per_second, created_at, updated_at)
    SELECT 1, 'news', 'b2c', 'UTC', '', 1, 2, number, 7, 0, now(), now() FROM senders
    """,
    """
    INSERT INTO messages (entity, campaign, profile_table, profile, state, worker, language, due_at, created_at)
    SELECT 1, number, 7, kept, kept, kept + 5, CASE WHEN kept > 2 THEN 'fr' ELSE '' END, now(), now()
    FROM campaigns, generate_series(1, 6) AS kept
    """,
  ].enumerated().map { Statement(name: "test.before\($0.offset)", sql: $0.element) }

  private static let after = Statement(
    name: "test.after",
    sql: """
      SELECT state, concat_ws(' ', in_hand.worker, is_handing, nullif(in_hand.language, ''))
      FROM messages
      LEFT JOIN in_hand ON message = id
      ORDER BY id
      """)

  /// Returns as soon as so many wait for locks, or behind some seconds.
  private static func wait(for count: Int64, _ suite: TestSuite) async throws {
    for _ in 0..<200 {
      let waiting = try await suite.test.database.read(HandingGate.waiting, [], as: .worker).first?.int(0)
      if waiting == count { return }
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}

extension InHandTests {
  /// Gives a campaign's messages, and a worker that has claimed these of them.
  fileprivate static func with(
    profiles: UInt32, claiming limit: Int, _ body: (TestSuite, TestWorker, [Int64]) async throws -> Void
  ) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.makeMessages(to: 1...profiles)
      let worker = try await TestWorker(suite)
      let batch = try #require(try await worker.claim(limit))
      try await body(suite, worker, batch.messages.map(\.id))
    }
  }
}
