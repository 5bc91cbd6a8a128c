import Database
import DatabaseTesting
import Mail
import MailTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Synchronization
import Testing
import Values

@testable import Messaging

@Suite("Sending")
struct SendingTests {
  @Test("a mass campaign goes to its audience once, in each one's language, and adds up")
  func mass() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...20)
      try await suite.createCampaign()
      #expect(try await suite.launch().state == .active)
      let before = try await suite.report()
      #expect(before.audience == 20 && before.waiting == 20 && before.adds)
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 20 && report.audience == 20 && report.adds)
      #expect(try await suite.get().state == .completed)
      #expect(Set(suite.sink.kept.map(\.recipient)) == Set((1...20).map { "c\($0)@example.test" }))
      #expect(suite.sink.kept.count == 20)
      let english = try #require(suite.sink.kept.first { $0.recipient == "c2@example.test" })
      let mail = ReadMail(english.message)
      #expect(mail.headers["Subject"] == "Hello Mo'nique")
      #expect(mail.headers["From"] == "The Shop <shop@shop.test>")
      #expect(mail.body.contains("<p>Mo&#39;nique, gold, Liège</p>"))
      #expect(mail.body.contains("<b>2-1</b><b>2-2</b><b>2-3</b>") && !mail.body.contains("2-4"))
      #expect(mail.body.contains("Mo'nique, gold, Liège"))
      #expect(mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click")
      #expect(mail.headers["Message-ID"]?.hasSuffix("@shop.test>") == true)
      let french = try #require(suite.sink.kept.first { $0.recipient == "c1@example.test" })
      #expect(ReadMail(french.message).headers["Subject"] == "Bonjour Mo'nique")
      #expect(Set(suite.peers.limits) == [3])
      #expect(suite.sink.connections == 1)
    }
  }

  @Test("couriers that send beside each other, to a server that takes commands together, send each message once")
  func couriers() async throws {
    let sink = MailSink(extensions: ["PIPELINING", "8BITMIME"])
    try await TestSuite.with(sink) { suite async throws in
      try await suite.makeMessages(to: 1...300)
      let worker = try await suite.parts.queue.enter(copy: "test")
      let pile = Pile()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<5 {
          group.addTask {
            let courier = Courier(worker: worker, parts: suite.parts, pile: pile)
            while try await courier.work() {}
            await courier.close()
          }
        }
        try await group.waitForAll()
      }
      let report = try await suite.report()
      #expect(report.sent == 300 && report.adds)
      #expect(Set(sink.kept.map(\.recipient)).count == 300 && sink.kept.count == 300)
    }
  }

  @Test("a campaign does not wait until another, which was there before, is through")
  func fairness() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...600)
      for id in ["come-back", "second"] {
        try await suite.createCampaign(id: id)
        try await suite.launch("entities/b2c/campaigns/\(id)")
        try await suite.gather()
      }
      try await suite.sendAll()
      // Messages have their numbers in the order in which they were made.
      let numbers = suite.sink.kept.compactMap {
        ReadMail($0.message).headers["Message-ID"].flatMap { Int($0.dropFirst().prefix { $0 != "." }) }
      }
      #expect(numbers.count == 1_200)
      let middle = numbers.sorted()[600]
      let isOfFirst = numbers.map { $0 < middle }
      #expect(isOfFirst.prefix(600).contains(true) && isOfFirst.prefix(600).contains(false))
      #expect(isOfFirst.dropFirst(600).contains(true) && isOfFirst.dropFirst(600).contains(false))
    }
  }

  @Test("each profile that gets nothing has its reason, in the order of the checks")
  func reasons() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...2)
      suite.peers.add([3]) { $0["emailAddress"] = nil }
      suite.peers.add([4]) { $0["emailAddress"] = .text("no address") }
      suite.peers.add([5]) {
        $0["marketingConsent"] = .flag(false)
        $0["newsletter"] = .flag(false)
      }
      suite.peers.add([6]) { $0["marketingConsent"] = nil }
      suite.peers.add([7]) { $0["newsletter"] = .flag(false) }
      suite.peers.add([8, 9, 10])
      suite.peers.remove(9)
      suite.peers.add([11]) { $0["firstName"] = .text("x\r\nBcc: eve@example.test") }
      try await suite.rooms.refusals.quarantine("C8@example.test", entity: 1, now: suite.time.now)
      try await suite.createCampaign()
      try await suite.launch()
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 3 && report.notSent == 8 && report.audience == 11 && report.adds)
      #expect(report.count(.noAddress) == 2)
      #expect(report.count(.noConsent) == 2)
      #expect(report.count(.notSubscribed) == 1)
      #expect(report.count(.quarantined) == 1)
      #expect(report.count(.profileGone) == 1)
      #expect(report.count(.content) == 1)
      #expect(!suite.sink.kept.contains { $0.message.contains("Bcc") })
    }
  }

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

  @Test("a campaign whose custom table is gone waits for it, and keeps no other waiting")
  func customTableMissing() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...3)
      try await suite.createCampaign()
      try await suite.launch()
      suite.peers.setOrdersMissing(true)
      try await suite.sendAll()
      #expect(try await suite.report().waiting == 3)
      try await suite.createCampaign(id: "plain") { $0.contents = ["en": MessagingV1.Campaign.content("Hello", "Hi")] }
      try await suite.launch("entities/b2c/campaigns/plain")
      try await suite.sendAll()
      #expect(try await suite.report("entities/b2c/campaigns/plain").sent == 3)
      suite.peers.setOrdersMissing(false)
      suite.time.advance(by: .seconds(61))
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 3 && report.adds)
    }
  }

  @Test("a profile table that is gone settles its messages")
  func profileTableGone() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...3)
      try await suite.createCampaign()
      try await suite.launch()
      suite.peers.setProfileTableGone()
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.count(.profileGone) == 3 && report.adds)
    }
  }

  // MARK: - Crashes

  @Test("a worker that dies with claimed messages loses none")
  func diesClaimed() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.makeMessages(to: 1...5)
      let dead = try await TestWorker(suite)
      let batch = try #require(try await dead.claim(3))
      try await suite.sendAll()
      #expect(try await suite.report().sent == 2)
      try await suite.kill(dead.number)
      // It wakes, and finds its messages gone.
      #expect(try await !dead.begin(batch.messages[0].id))
      #expect(try await dead.claim(3) == nil)
      try await suite.sendAll()
      #expect(try await suite.report().sent == 5)
      #expect(suite.sink.kept.count == 5)
    }
  }

  @Test("a worker that dies while it hands over leaves one message unknown; its answer, if it comes, settles it")
  func diesHanding() async throws {
    let dying = Mutex<(@Sendable () async -> Void)?>(nil)
    let sink = MailSink(beforeAnswer: { _ in
      let die = dying.withLock { body in
        defer { body = nil }
        return body
      }
      await die?()
    })
    try await TestSuite.with(sink) { suite async throws in
      try await suite.makeMessages(to: 1...4)
      let worker = try await suite.parts.queue.enter(copy: "paused")
      let reports = Mutex<[MessagingV1.CampaignReport]>([])
      dying.withLock { body in
        body = {
          // The final dot has come and is not answered: the worker is given up, and another sends the rest.
          try? await suite.kill(worker)
          let report = try? await suite.report()
          reports.withLock { $0.append(report ?? .init()) }
          try? await suite.sendAll()
        }
      }
      let courier = Courier(worker: worker, parts: suite.parts, pile: Pile())
      while try await courier.work() {}
      let during = try #require(reports.withLock { $0.first })
      #expect(during.unknown == 1 && during.waiting == 3 && during.adds)
      let report = try await suite.report()
      #expect(report.sent == 4 && report.unknown == 0 && report.adds)
      #expect(suite.sink.kept.count == 4 && Set(suite.sink.kept.map(\.recipient)).count == 4)
    }
  }

  @Test("a worker that dies behind the server's answer leaves one message unknown, sent once")
  func diesAnswered() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.makeMessages(to: 1...3)
      let worker = try await TestWorker(suite)
      let batch = try #require(try await worker.claim(1))
      let prepared = try await suite.parts.batches.prepare(batch, now: suite.time.now)
      let letter = try #require(prepared.letters.first)
      let connection = try await SMTPConnection.open(suite.parts.smtp, group: suite.parts.group)
      try await connection.begin(letter.envelope)
      #expect(try await worker.begin(letter.id))
      #expect(try await connection.finish().isDone)
      try await suite.kill(worker.number)
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 2 && report.unknown == 1 && report.adds)
      #expect(suite.sink.kept.count == 3 && Set(suite.sink.kept.map(\.recipient)).count == 3)
      await connection.close()
    }
  }

  @Test("two copies share the work, and send each message once")
  func copies() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...350)
      try await suite.createCampaign()
      try await suite.launch()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for copy in 1...4 {
          group.addTask {
            while try await suite.rooms.campaigns.gather(limit: 40, now: suite.time.now) {}
            let worker = try await suite.parts.queue.enter(copy: "copy \(copy / 3)")
            let courier = Courier(worker: worker, parts: suite.parts, pile: Pile())
            while try await courier.work() {}
            await courier.close()
            try await suite.parts.queue.leave(worker, now: suite.time.now)
          }
        }
        try await group.waitForAll()
      }
      try await suite.sendAll()
      let report = try await suite.report()
      #expect(report.sent == 350 && report.audience == 350 && report.adds)
      #expect(suite.sink.kept.count == 350 && Set(suite.sink.kept.map(\.recipient)).count == 350)
      #expect(suite.sink.connections > 1)
    }
  }

  // MARK: - States

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

  // MARK: - One at a time

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
