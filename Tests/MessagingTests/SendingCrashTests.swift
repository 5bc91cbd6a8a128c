import Mail
import MailTesting
import Messages
import ServiceKitTesting
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

@Suite("Sending, by workers that die or share")
struct SendingCrashTests {
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
}
