import Database
import DatabaseTesting
import Mail
import MailTesting
import Messages
import RPC
import ServiceKitTesting
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

@Suite("Sending, to a mail server that refuses, breaks off or is not there")
struct MailServerTests {
  @Test("what a server refuses for good keeps its answer; an unknown address rests")
  func refused() async throws {
    let sink = MailSink(fate: { recipient, _ in
      switch recipient {
      case "c1@example.test": .refuseRecipient("550 5.1.1 no such user")
      case "c2@example.test": .refuseMessage("554 5.7.1 spam")
      default: .accept
      }
    })
    try await TestSuite.with(sink) { suite async throws in
      suite.peers.add(1...3)
      try await suite.createCampaign()
      try await suite.launch()
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 1 && report.count(.refusedByServer) == 2 && report.adds)
      let answers = try await suite.messages().map(\.serverAnswer)
      #expect(answers.sorted() == ["", "550 5.1.1 no such user", "554 5.7.1 spam"])
      try await suite.createCampaign(id: "second")
      try await suite.launch("entities/b2c/campaigns/second")
      try await suite.sendAll()
      #expect(try await suite.report("entities/b2c/campaigns/second").count(.quarantined) == 1)
    }
  }

  @Test(
    "a server that refuses everyone costs nobody a message, is named, and is asked again",
    arguments: [MailSink.Fate.refuseRecipient("554 5.7.1 relaying denied"), .refuseRecipient("421 4.7.0 not now")])
  func refusesEveryone(_ fate: MailSink.Fate) async throws {
    let isMended = Mutex(false)
    let sink = MailSink(fate: { _, _ in isMended.withLock { $0 } ? .accept : fate })
    try await TestSuite.with(sink) { suite async throws in
      suite.peers.add(1...30)
      try await suite.createCampaign()
      try await suite.launch()
      _ = try? await suite.sendAll()
      var report = try await suite.report()
      #expect(report.waiting == 30 && report.adds)
      if case .refuseRecipient("554 5.7.1 relaying denied") = fate {
        #expect(report.obstacle == "The mail server refuses every message: 554 5.7.1.")
        #expect(sink.commands.count { $0.hasPrefix("RCPT") } == RefusalStreak.limit, "the rest is not even tried")
      }
      isMended.withLock { $0 = true }
      suite.time.advance(by: .seconds(90))
      try await suite.sendAll()
      report = try await suite.report()
      #expect(report.sent == 30 && report.adds && report.obstacle.isEmpty)
      #expect(sink.kept.count == 30)
    }
  }

  @Test("a server that does not take the sender's mail costs nobody a message")
  func refusesSender() async throws {
    let isMended = Mutex(false)
    let sink = MailSink(answerToMail: { isMended.withLock { $0 } ? "250 2.1.0 ok" : "553 5.7.1 not your address" })
    try await TestSuite.with(sink) { suite async throws in
      suite.peers.add(1...3)
      try await suite.createCampaign()
      try await suite.launch()
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.waiting == 3 && report.adds)
      #expect(report.obstacle == "The mail server takes no mail from this sender: 553 5.7.1.")
      #expect(sink.commands.count { $0.hasPrefix("MAIL") } == 1)
      isMended.withLock { $0 = true }
      suite.time.advance(by: .seconds(61))
      try await suite.sendAll()
      #expect(try await suite.report().sent == 3)
    }
  }

  @Test("what a server puts off is tried again later, and given up after a day")
  func postponed() async throws {
    let sink = MailSink(fate: { recipient, attempt in
      switch (recipient, attempt) {
      case ("c1@example.test", 0): .refuseRecipient("451 4.7.1 later")
      case ("c2@example.test", 0): .refuseMessage("452 4.3.1 full")
      case ("c3@example.test", _): .refuseRecipient("450 4.2.0 never")
      default: .accept
      }
    })
    try await TestSuite.with(sink) { suite async throws in
      suite.peers.add(1...4)
      try await suite.createCampaign()
      try await suite.launch()
      try await suite.sendAll()
      #expect(try await suite.report().waiting == 3)
      try await suite.sendAll()
      #expect(suite.sink.kept.count == 1)
      suite.time.advance(by: .seconds(80))
      try await suite.sendAll()
      #expect(try await suite.report().sent == 3)
      for _ in 0..<10 {
        suite.time.advance(by: .seconds(600 * 60))
        try await suite.sendAll()
      }
      let report = try await suite.report()
      #expect(report.sent == 3 && report.count(.refusedByServer) == 1 && report.adds)
      #expect(suite.sink.kept.count == 3)
    }
  }

  @Test("a connection that breaks before its answer leaves one message unknown, which is never sent again")
  func broken() async throws {
    let sink = MailSink(fate: { recipient, _ in recipient == "c3@example.test" ? .acceptAndBreak : .accept })
    try await TestSuite.with(sink) { suite async throws in
      suite.peers.add(1...6)
      try await suite.createCampaign()
      try await suite.launch()
      try await suite.sendAll()
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 5 && report.unknown == 1 && report.adds)
      #expect(suite.sink.kept.count == 6)
      #expect(try await suite.get().state == .completed)
    }
  }

  @Test("a mail server that offers no way to log in costs nothing: everything waits")
  func unusable() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.makeMessages(to: 1...3)
      var smtp = suite.parts.smtp
      smtp.credentials = .init(user: "us", password: "secret")
      let worker = try await suite.parts.queue.enter(copy: "test")
      let courier = Courier(
        worker: worker, parts: suite.rooms.courierParts(smtp: smtp, group: suite.parts.group), pile: Pile())
      await #expect(throws: SMTPError.self) { _ = try await courier.work() }
      #expect(try await suite.report().waiting == 3)
      try await suite.sendAll()
      #expect(try await suite.report().sent == 3)
    }
  }

  @Test("a message whose connection broke before its final dot waits again, and is given up in the end")
  func notEnded() async throws {
    let sink = MailSink(fate: { recipient, _ in recipient == "c1@example.test" ? .breakInMessage : .accept })
    try await TestSuite.with(sink) { suite async throws in
      try await suite.makeMessages(to: 1...3)
      try await HandingGate.install(suite)
      let worker = try await suite.parts.queue.enter(copy: "test")
      let courier = Courier(worker: worker, parts: suite.parts, pile: Pile())
      for attempt in 1...10 {
        // The connection is seen to be closed while the database is waited for: the message is in the state "handing".
        let sending = try await suite.test.database.transaction(as: .worker) { transaction in
          try await transaction.execute(HandingGate.close, [])
          let sending = Task { try await courier.work() }
          while sink.commands.count(where: { $0 == "DATA" }) < attempt || courier.isConnected { await Task.yield() }
          return sending
        }
        await #expect(throws: SMTPError.self) { _ = try await sending.value }
        let report = try await suite.report()
        #expect(report.unknown == 0 && report.adds)
        #expect(report.count(.refusedByServer) == (attempt == 10 ? 1 : 0))
        suite.time.advance(by: .seconds(600 * 60))
      }
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 2 && report.count(.refusedByServer) == 1 && report.adds)
      #expect(try await suite.messages().contains { $0.serverAnswer.hasPrefix("The message was not ended.") })
    }
  }

  @Test("a connection that breaks before the message has come sends it on another")
  func brokenEarly() async throws {
    let sink = MailSink(fate: { recipient, attempt in
      recipient == "c2@example.test" && attempt == 0 ? .breakBeforeData : .accept
    })
    try await TestSuite.with(sink) { suite async throws in
      suite.peers.add(1...4)
      try await suite.createCampaign()
      try await suite.launch()
      await #expect(throws: SMTPError.self) { try await suite.sendAll() }
      try await suite.sendAll()
      #expect(try await suite.report().sent == 3)
      suite.time.advance(by: .seconds(80))
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 4 && report.adds)
      #expect(Set(suite.sink.kept.map(\.recipient)).count == 4 && suite.sink.kept.count == 4)
    }
  }

  @Test("a server that is not there, or a peer, costs nothing: everything waits")
  func unreachable() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...3)
      try await suite.createCampaign()
      try await suite.launch()
      await suite.sink.stop()
      await #expect(throws: SMTPError.self) { try await suite.sendAll() }
      #expect(try await suite.report().waiting == 3)
      suite.peers.setDown(true)
      await #expect(throws: RPCError.self) { try await suite.sendAll() }
      #expect(try await suite.report().waiting == 3)
    }
  }
}
