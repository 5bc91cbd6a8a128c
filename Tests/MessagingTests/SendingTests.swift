import MailTesting
import Messages
import ServiceKitTesting
import ServiceTesting
import Testing

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
}
