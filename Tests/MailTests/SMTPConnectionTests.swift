import Mail
import MailTesting
import NIOPosix
import Testing

@Suite("SMTP")
struct SMTPConnectionTests {
  private func with(
    _ sink: MailSink, timeout: Duration = .seconds(300), _ body: (SMTPConnection) async throws -> Void
  ) async throws {
    let port = try await sink.start()
    var configuration = SMTPConfiguration(host: "127.0.0.1", port: port)
    configuration.clientName = "client.example.test"
    configuration.commandTimeout = timeout
    configuration.finalTimeout = timeout
    let connection = try await SMTPConnection.open(configuration, group: MultiThreadedEventLoopGroup.singleton)
    try await body(connection)
    await connection.close()
    await sink.stop()
  }

  private func envelope(_ recipient: String = "alice@example.test", _ message: String = "Subject: x\r\n\r\nHi\r\n")
    throws -> SMTPConnection.Envelope
  {
    .init(
      sender: try #require(EmailAddress("shop@example.test")), recipient: try #require(EmailAddress(recipient)),
      message: Array(message.utf8))
  }

  private func send(_ envelope: SMTPConnection.Envelope, _ connection: SMTPConnection) async throws -> SMTPReply {
    try await connection.begin(envelope)
    return try await connection.finish()
  }

  @Test("sends several messages on one connection, with dots as they were")
  func several() async throws {
    let sink = MailSink()
    try await with(sink) { connection async throws in
      for text in [".\r\n..a\r\n.b.\r\n", "last line without end", ""] {
        let reply = try await send(envelope("a@example.test", text), connection)
        #expect(reply.code == 250 && reply.enhancedCode?.description == "2.0.0")
      }
    }
    #expect(sink.kept.map(\.message) == [".\r\n..a\r\n.b.\r\n", "last line without end\r\n", ""])
    #expect(sink.connections == 1)
    #expect(sink.commands.first == "EHLO client.example.test")
    #expect(sink.commands.contains("MAIL FROM:<shop@example.test> SIZE=21"))
  }

  @Test("until the final dot the server has nothing")
  func split() async throws {
    let sink = MailSink()
    try await with(sink) { connection async throws in
      try await connection.begin(envelope())
      connection.abandon()
    }
    #expect(sink.kept.isEmpty)
  }

  @Test("a refused recipient or message says why, and the connection goes on")
  func refusals() async throws {
    let sink = MailSink(fate: { recipient, _ in
      switch recipient.prefix(1) {
      case "r": .refuseRecipient("550 5.1.1 no such user")
      case "t": .refuseRecipient("451 4.7.1 later")
      case "m": .refuseMessage("554 5.6.0 no")
      default: .accept
      }
    })
    try await with(sink) { connection async throws in
      for (recipient, isPermanent) in [("r@example.test", true), ("t@example.test", false)] {
        let error = await #expect(throws: SMTPError.self) { try await connection.begin(envelope(recipient)) }
        guard case .refused(let reply) = error else {
          Issue.record("not refused: \(String(describing: error))")
          return
        }
        #expect(reply.isPermanent == isPermanent && reply.isTemporary == !isPermanent)
      }
      #expect(try await send(envelope("m@example.test"), connection).enhancedCode?.description == "5.6.0")
      #expect(try await send(envelope("ok@example.test"), connection).isDone)
    }
    #expect(sink.kept.map { $0.recipient } == ["ok@example.test"])
    #expect(sink.connections == 1)
  }

  @Test("a server that takes commands together gets them so, and what it refuses is refused all the same")
  func pipelining() async throws {
    let sink = MailSink(
      extensions: ["PIPELINING"],
      fate: { recipient, _ in
        switch recipient.prefix(1) {
        case "r": .refuseRecipient("550 5.1.1 no such user")
        case "o": .refuseRecipientOnly("450 4.2.1 later")
        case "b": .breakBeforeData
        default: .accept
        }
      })
    try await with(sink) { connection async throws in
      #expect(try await send(envelope("a@example.test"), connection).isDone)
      #expect(try await refusal(of: "r@example.test", connection) == 550)
      #expect(try await send(envelope("c@example.test"), connection).isDone)
      #expect(try await refusal(of: "o@example.test", connection) == 450)
      // It waits for a message that nobody would get.
      while connection.isOpen { await Task.yield() }
    }
    try await with(sink) { connection async throws in
      let broken = await #expect(throws: SMTPError.self) { try await connection.begin(envelope("b@example.test")) }
      if case .notEnded = broken {} else { Issue.record("\(String(describing: broken))") }
    }
    #expect(sink.kept.map(\.recipient) == ["a@example.test", "c@example.test"])
  }

  @Test(
    "a server that says nothing more, or takes nothing more, holds nobody for ever",
    .timeLimit(.minutes(1)), arguments: [MailSink.Fate.fallSilent, .acceptSilently, .stopReading], [true, false])
  func silence(fate: MailSink.Fate, isPipelining: Bool) async throws {
    let sink = MailSink(extensions: isPipelining ? ["PIPELINING"] : [], fate: { _, _ in fate })
    // More than both ends' buffers hold.
    let message = fate == .stopReading ? String(repeating: "All work and no play.\r\n", count: 350_000) : "Hi\r\n"
    try await with(sink, timeout: .seconds(2)) { connection async throws in
      let error = await #expect(throws: SMTPError.self) {
        try await send(envelope("a@example.test", message), connection)
      }
      switch error {
      case .notEnded where fate != .acceptSilently: break
      case .broken where fate == .acceptSilently: break
      default: Issue.record("\(String(describing: error))")
      }
      while connection.isOpen { await Task.yield() }
    }
    #expect(sink.kept.count == (fate == .acceptSilently ? 1 : 0))
  }

  @Test("a connection may be used longer than one answer may take")
  func patience() async throws {
    let sink = MailSink(
      extensions: ["PIPELINING"], beforeAnswer: { _ in try? await Task.sleep(for: .milliseconds(300)) })
    try await with(sink, timeout: .seconds(3)) { connection async throws in
      for _ in 0..<12 { #expect(try await send(envelope(), connection).isDone) }
    }
    #expect(sink.connections == 1)
  }

  @Test("a message that was announced behind another begins where that ends, and is sent once")
  func announcing() async throws {
    let sink = MailSink(
      extensions: ["PIPELINING"],
      fate: { recipient, _ in recipient.hasPrefix("r") ? .refuseRecipient("550 5.1.1 no such user") : .accept })
    try await with(sink) { connection async throws in
      let (first, refused, last) = try (
        envelope("a@example.test"), envelope("r@example.test"), envelope("z@example.test")
      )
      try await connection.begin(first)
      #expect(try await connection.finish(announcing: refused).isDone)
      #expect(connection.isEngaged && connection.isReady(for: refused) && !connection.isReady(for: last))
      #expect(try await refusal(of: "r@example.test", connection) == 550)
      #expect(!connection.isEngaged && connection.isReady(for: last))
      try await connection.begin(first)
      #expect(try await connection.finish(announcing: last).isDone)
      // It has everything of the next but its final dot, and so nothing.
      try await connection.begin(last)
      #expect(sink.kept.map(\.recipient) == ["a@example.test", "a@example.test"])
      #expect(try await connection.finish().isDone)
    }
    #expect(sink.kept.map(\.recipient) == ["a@example.test", "a@example.test", "z@example.test"])
    #expect(sink.commands.filter { $0.hasPrefix("RCPT") }.count == 4)
    #expect(sink.connections == 1)
  }

  @Test("another message than the one announced does not begin, and takes nothing of it with it")
  func announcedAnother() async throws {
    let sink = MailSink(extensions: ["PIPELINING"])
    try await with(sink) { connection async throws in
      try await connection.begin(envelope("a@example.test"))
      _ = try await connection.finish(announcing: envelope("b@example.test"))
      let error = await #expect(throws: SMTPError.self) { try await connection.begin(envelope("c@example.test")) }
      if case .notEnded = error {} else { Issue.record("\(String(describing: error))") }
    }
    #expect(sink.kept.map(\.recipient) == ["a@example.test"])
  }

  @Test("a break between a message's final dot and its answer leaves the announced one in no doubt")
  func brokenBeforeAnnounced() async throws {
    let sink = MailSink(extensions: ["PIPELINING"], fate: { _, _ in .acceptAndBreak })
    try await with(sink) { connection async throws in
      let next = try envelope("b@example.test")
      try await connection.begin(envelope("a@example.test"))
      let first = await #expect(throws: SMTPError.self) { try await connection.finish(announcing: next) }
      if case .broken = first {} else { Issue.record("\(String(describing: first))") }
      let second = await #expect(throws: SMTPError.self) { try await connection.begin(next) }
      if case .notEnded = second {} else { Issue.record("\(String(describing: second))") }
    }
    #expect(sink.kept.map(\.recipient) == ["a@example.test"])
  }

  /// The code by which a message is refused before it was sent; nil where it is not.
  private func refusal(of recipient: String, _ connection: SMTPConnection) async throws -> Int? {
    let error = await #expect(throws: SMTPError.self) { try await connection.begin(envelope(recipient)) }
    if case .refused(let reply) = error { return reply.code }
    return nil
  }

  @Test("a connection that breaks between final dot and answer says that nobody knows")
  func broken() async throws {
    let sink = MailSink(fate: { _, _ in .acceptAndBreak })
    try await with(sink) { connection async throws in
      try await connection.begin(envelope())
      let error = await #expect(throws: SMTPError.self) { try await connection.finish() }
      if case .broken = error {} else { Issue.record("\(String(describing: error))") }
    }
    #expect(sink.kept.count == 1)
  }

  @Test(
    "a message whose connection broke before its final dot is not ended, and is known not to be taken",
    arguments: [.breakInMessage, .speakInMessage("552 5.3.4 too large"), .speakInMessage("421 4.3.2 going")]
      as [MailSink.Fate])
  func notEnded(fate: MailSink.Fate) async throws {
    let sink = MailSink(fate: { _, _ in fate })
    try await with(sink) { connection async throws in
      try await connection.begin(envelope())
      while connection.isOpen { await Task.yield() }
      let error = await #expect(throws: SMTPError.self) { try await connection.finish() }
      if case .notEnded = error {} else { Issue.record("\(String(describing: error))") }
    }
    #expect(sink.kept.isEmpty)
  }

  @Test("a server that offers no way to log in, or no encryption, is of no use, and says nothing of any message")
  func unusable() async throws {
    let sink = MailSink()
    let port = try await sink.start()
    var configurations = Array(repeating: SMTPConfiguration(host: "127.0.0.1", port: port), count: 2)
    configurations[0].credentials = .init(user: "us", password: "secret")
    configurations[1].encryption = .starttls
    for configuration in configurations {
      let error = await #expect(throws: SMTPError.self) {
        _ = try await SMTPConnection.open(configuration, group: MultiThreadedEventLoopGroup.singleton)
      }
      if case .unusable = error {} else { Issue.record("\(String(describing: error))") }
    }
    await sink.stop()
  }

  @Test("what the server cannot take is not tried")
  func abilities() async throws {
    let sink = MailSink(extensions: ["SIZE 30"])
    try await with(sink) { connection async throws in
      let large = try envelope("a@example.test", String(repeating: "x", count: 31))
      await #expect(throws: SMTPError.self) { try await connection.begin(large) }
      await #expect(throws: SMTPError.self) { try await connection.begin(envelope("é@example.test")) }
      #expect(try await send(envelope(), connection).isDone)
    }
    #expect(sink.kept.count == 1)
  }

  @Test("a server that does not want us is told from one that refuses a message")
  func unwelcome() async throws {
    let sink = MailSink(greeting: "554 5.7.1 not you")
    let port = try await sink.start()
    let error = await #expect(throws: SMTPError.self) {
      _ = try await SMTPConnection.open(
        SMTPConfiguration(host: "127.0.0.1", port: port), group: MultiThreadedEventLoopGroup.singleton)
    }
    if case .unwelcome = error {} else { Issue.record("\(String(describing: error))") }
    await sink.stop()
  }
}
