package import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A connection to a mail server (RFC 5321), on which messages are handed over one after the other.
///
/// Handing over is cut in two where a crash decides: ``begin(_:)`` sends everything but the final dot, so that nothing has
/// happened yet; after ``finish(announcing:)`` the server may have the message, whatever becomes of its answer.
///
/// One task at a time uses it. After an error that does not leave the connection
/// (``SMTPError/leavesConnection``) it is closed.
package final class SMTPConnection: Sendable {
  /// From whom and to whom a message goes, and its bytes.
  package struct Envelope: Sendable, Hashable {
    package var sender: EmailAddress
    package var recipient: EmailAddress
    /// As ``EmailMessage/encoded()`` makes them.
    package var message: [UInt8]

    package init(sender: EmailAddress, recipient: EmailAddress, message: [UInt8]) {
      self.sender = sender
      self.recipient = recipient
      self.message = message
    }
  }

  private let channel: any Channel
  private let handler: NIOLoopBound<SMTPHandler>
  private let configuration: SMTPConfiguration
  /// What the server can do, by upper-case keyword; its arguments.
  package let extensions: [String: String]
  /// A message that was begun behind the end of another.
  private let announced = Mutex<(envelope: Envelope, begun: EventLoopFuture<Void>)?>(nil)

  private init(
    channel: any Channel, handler: NIOLoopBound<SMTPHandler>, configuration: SMTPConfiguration,
    extensions: [String: String] = [:]
  ) {
    self.channel = channel
    self.handler = handler
    self.configuration = configuration
    self.extensions = extensions
  }

  /// Whether messages can still be handed over.
  package var isOpen: Bool { channel.isActive }

  /// Whether a message was announced that has not been finished: no other can begin then.
  package var isEngaged: Bool { announced.withLock { $0 != nil } }

  /// Whether this message can begin: it was announced, or none was.
  package func isReady(for envelope: Envelope) -> Bool {
    isOpen && announced.withLock { $0.map { $0.envelope == envelope } ?? true }
  }

  // MARK: - Opening

  /// Connects, encrypts and says who we are, as configured.
  ///
  /// - Throws: ``SMTPError``, which says nothing of any message: neither `.refused` nor `.unsupported`.
  package static func open(
    _ configuration: SMTPConfiguration, group: any EventLoopGroup
  ) async throws(SMTPError) -> SMTPConnection {
    let first = try await connect(configuration, group)
    do throws(SMTPError) {
      try await first.expectDone(first.reply(within: configuration.commandTimeout))
      var extensions = try await first.greet()
      if configuration.encryption == .starttls {
        try await first.encrypt(extensions)
        // What was said in clear counts for nothing (RFC 3207 §4.2).
        extensions = try await first.greet()
      }
      let connection = SMTPConnection(
        channel: first.channel, handler: first.handler, configuration: configuration, extensions: extensions)
      try await connection.authenticate()
      return connection
    } catch {
      first.abandon()
      throw error
    }
  }

  private static func connect(
    _ configuration: SMTPConfiguration, _ group: any EventLoopGroup
  ) async throws(SMTPError) -> SMTPConnection {
    do {
      let tls = configuration.encryption == .implicit ? try tlsContext(configuration) : nil
      let (channel, handler) = try await ClientBootstrap(group: group)
        .connectTimeout(TimeAmount(configuration.connectTimeout))
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .connect(host: configuration.host, port: configuration.port) { channel in
          channel.eventLoop.makeCompletedFuture {
            let handler = SMTPHandler()
            if let tls {
              try channel.pipeline.syncOperations.addHandler(tlsHandler(tls, configuration))
            }
            try channel.pipeline.syncOperations.addHandler(handler)
            return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
          }
        }
      return SMTPConnection(channel: channel, handler: handler, configuration: configuration)
    } catch {
      throw .unreachable("\(type(of: error))")
    }
  }

  private static func tlsContext(_ configuration: SMTPConfiguration) throws -> NIOSSLContext {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = configuration.trustRoots
    tls.minimumTLSVersion = .tlsv12
    return try NIOSSLContext(configuration: tls)
  }

  private static func tlsHandler(
    _ context: NIOSSLContext, _ configuration: SMTPConfiguration
  ) throws -> NIOSSLClientHandler {
    // A name may be sent and checked; an address is checked against the certificate alone.
    let isAddress = (try? SocketAddress(ipAddress: configuration.host, port: 0)) != nil
    return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : configuration.host)
  }

  private func greet() async throws(SMTPError) -> [String: String] {
    let reply = try await command("EHLO \(configuration.clientName)")
    if reply.isPermanent {
      // A server from before extensions (RFC 5321 §4.1.1.1).
      try expectDone(try await command("HELO \(configuration.clientName)"))
      return [:]
    }
    try expectDone(reply)
    let pairs = reply.lines.dropFirst().map { line in
      let words = line.split(separator: " ", maxSplits: 1)
      return (words.first?.uppercased() ?? "", words.count > 1 ? String(words[1]) : "")
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  private func encrypt(_ extensions: [String: String]) async throws(SMTPError) {
    guard extensions["STARTTLS"] != nil else { throw .unusable("it does not offer STARTTLS") }
    try expectDone(try await command("STARTTLS"))
    do {
      let context = try Self.tlsContext(configuration)
      try await channel.eventLoop.submit { [channel, handler, configuration] in
        // Bytes that came in clear behind the answer would be taken for the server's (CVE-2011-0411).
        guard !handler.value.hasUnread else { throw SMTPError.broken("it spoke before encryption") }
        try channel.pipeline.syncOperations.addHandler(Self.tlsHandler(context, configuration), position: .first)
      }.get()
    } catch let error as SMTPError { throw error } catch { throw .broken("\(type(of: error))") }
  }

  private func authenticate() async throws(SMTPError) {
    guard let credentials = configuration.credentials else { return }
    guard configuration.encryption != .none || configuration.isLoopback else {
      throw .unusable("credentials are not sent in clear; configure encryption")
    }
    let mechanisms = (extensions["AUTH"] ?? "").uppercased().split(separator: " ")
    if mechanisms.contains("PLAIN") {
      let initial = Base64Text.encode([0] + Array(credentials.user.utf8) + [0] + Array(credentials.password.utf8))
      try expectDone(try await command("AUTH PLAIN \(initial)"))
    } else if mechanisms.contains("LOGIN") {
      for line in ["AUTH LOGIN", Base64Text.encode(Array(credentials.user.utf8))] {
        let reply = try await command(line)
        guard reply.code == 334 else { throw .unwelcome(reply) }
      }
      try expectDone(try await command(Base64Text.encode(Array(credentials.password.utf8))))
    } else {
      throw .unusable("it offers neither AUTH PLAIN nor AUTH LOGIN")
    }
  }

  // MARK: - Handing over

  /// Sends everything of a message but its final dot: until ``finish(announcing:)`` the server has not taken it. Nothing of
  /// it is sent again that was announced.
  ///
  /// - Throws: ``SMTPError``, none of which leaves a doubt: the server has not taken the message. After `.refused`,
  ///   `.senderRefused` and `.unsupported` another can begin.
  package func begin(_ envelope: Envelope) async throws(SMTPError) {
    do throws(SMTPError) {
      if let (known, begun) = announced.withLock({ $0.take() }) {
        guard known == envelope else {
          abandon()
          throw .broken("another message was announced")
        }
        try await result(of: begun)
      } else if offersPipelining {
        let opening = try self.opening(of: envelope)
        let timeout = TimeAmount(configuration.commandTimeout)
        // All within the event loop: at each end of it another thread is woken.
        try await result(
          of: onLoop { [channel, handler] () -> EventLoopFuture<Void> in
            let begun = Self.begin(opening, channel, handler, within: timeout, writing: timeout)
            channel.writeAndFlush(channel.allocator.buffer(bytes: opening.bytes), promise: nil)
            return begun
          })
      } else {
        let opening = try self.opening(of: envelope)
        for command in Command.allCases {
          let line = Array(opening.bytes[opening.lines[command.rawValue]])
          let reply = try await send(line, expectingReplyWithin: configuration.commandTimeout)
          try Self.accept(reply, to: command)
        }
        try await send(opening.message)
      }
    } catch {
      switch error {
      case .refused, .senderRefused:
        // The refusal stands, even where the server goes after it.
        do { try await reset() } catch { try? await channel.close() }
        throw error
      case .broken: throw .notEnded("\(error)")
      default: throw error
      }
    }
  }

  /// Ends the message that was begun, and gives the server's answer: 2xx, it has taken the message; 4xx and 5xx, it has
  /// not.
  ///
  /// - Parameter next: the message that is to begin after this one, which a server that offers PIPELINING is told of at
  ///   once (RFC 2920 §3.1 allows it behind a message's content). Whether it was begun, ``begin(_:)`` says.
  /// - Throws: `.notEnded`: the connection had broken before, so that the message was not ended; `.broken` and
  ///   `.unwelcome`: whether it was taken is not known.
  package func finish(announcing next: Envelope? = nil) async throws(SMTPError) -> SMTPReply {
    let timeout = TimeAmount(configuration.finalTimeout)
    let writeTimeout = TimeAmount(configuration.commandTimeout)
    // What cannot be told of it now, `begin` says.
    let following = offersPipelining ? next.flatMap { try? opening(of: $0) } : nil
    return try await result(
      of: onLoop { [self] () -> EventLoopFuture<SMTPReply> in
        let replies = handler.value
        if let failure = replies.failure ?? (channel.isActive ? nil : .broken("it was closed")) {
          return channel.eventLoop.makeFailedFuture(SMTPError.notEnded("\(failure)"))
        }
        let reply = replies.expectReply(within: timeout, context: channel)
        var bytes = Array(".\r\n".utf8)
        if let next, let opening = following {
          // It is answered after this one, which may take its time.
          let begun = Self.begin(opening, channel, handler, within: timeout + writeTimeout, writing: writeTimeout)
          announced.withLock { $0 = (next, begun) }
          bytes += opening.bytes
        }
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
        return reply
      })
  }

  /// Says goodbye, and closes.
  package func close() async {
    _ = try? await send(Array("QUIT\r\n".utf8), expectingReplyWithin: .seconds(2))
    abandon()
  }

  /// Closes without a word: a message that was begun is not taken.
  package func abandon() {
    channel.close(promise: nil)
  }

  private func parameters(for envelope: Envelope) throws(SMTPError) -> String {
    var parameters = ""
    if let limit = extensions["SIZE"] {
      if let most = Int(limit), most > 0, envelope.message.count > most {
        throw .unsupported("The message is larger than the mail server takes.")
      }
      parameters += " SIZE=\(envelope.message.count)"
    }
    let needsUTF8 = envelope.sender.needsUTF8 || envelope.recipient.needsUTF8
    // All bytes at once are looked at quicker than each until one is found.
    if needsUTF8 || envelope.message.reduce(0, |) >= 0x80 {
      guard extensions["8BITMIME"] != nil else { throw .unsupported("The mail server does not take 8-bit messages.") }
      parameters += " BODY=8BITMIME"
    }
    if needsUTF8 {
      guard extensions["SMTPUTF8"] != nil else {
        throw .unsupported("The mail server does not take addresses beyond ASCII.")
      }
      parameters += " SMTPUTF8"
    }
    return parameters
  }

  private var offersPipelining: Bool { extensions["PIPELINING"] != nil }

  /// The commands that begin a message, in their order.
  private enum Command: Int, CaseIterable { case mail, recipient, data }

  /// What begins a message.
  private struct Opening: Sendable {
    /// The commands as they are sent.
    let bytes: [UInt8]
    /// Where each stands.
    let lines: [Range<Int>]
    /// As it is sent, but for the final dot.
    let message: [UInt8]
  }

  private func opening(of envelope: Envelope) throws(SMTPError) -> Opening {
    let parameters = try parameters(for: envelope)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    var lines: [Range<Int>] = []
    for command in Command.allCases {
      let start = bytes.count
      switch command {
      case .mail: Self.append("MAIL FROM:<", envelope.sender, ">", parameters, to: &bytes)
      case .recipient: Self.append("RCPT TO:<", envelope.recipient, ">", "", to: &bytes)
      case .data: bytes += "DATA".utf8
      }
      try Self.endLine(start, of: &bytes)
      lines.append(start..<bytes.count)
    }
    return Opening(bytes: bytes, lines: lines, message: DotStuffing.stuff(envelope.message))
  }

  private static func append(
    _ verb: String, _ address: EmailAddress, _ end: String, _ parameters: String, to bytes: inout [UInt8]
  ) {
    bytes += verb.utf8
    bytes += address.local.utf8
    bytes.append(UInt8(ascii: "@"))
    bytes += address.domain.utf8
    bytes += end.utf8
    bytes += parameters.utf8
  }

  /// Waits for the answers to lines that are sent together (RFC 2920 §3.1), and sends the message behind them once all are
  /// accepted. On the event loop.
  private static func begin(
    _ opening: Opening, _ channel: any Channel, _ handler: NIOLoopBound<SMTPHandler>, within timeout: TimeAmount,
    writing writeTimeout: TimeAmount
  ) -> EventLoopFuture<Void> {
    let count = Command.allCases.count
    return handler.value.expectReplies(count, within: timeout, context: channel).flatMap { replies in
      do throws(SMTPError) { try Self.accept(replies) } catch {
        // It waits for a message all the same, which would go to nobody.
        if replies.received.count == count, replies.received.last?.code == 354 { channel.close(promise: nil) }
        return channel.eventLoop.makeFailedFuture(error)
      }
      return Self.write(opening.message, to: channel, handler, within: writeTimeout)
    }
  }

  private static func accept(_ replies: SMTPReplies) throws(SMTPError) {
    for (command, reply) in zip(Command.allCases, replies.received) { try accept(reply, to: command) }
    if let failure = replies.failure { throw failure }
  }

  private func reset() async throws(SMTPError) {
    try expectDone(try await command("RSET"))
  }

  /// A reply that is about one message, unless it is about us.
  private static func accept(_ reply: SMTPReply, to command: Command) throws(SMTPError) {
    if command == .data ? reply.code == 354 : reply.isDone { return }
    // Shutting down, and what is asked of us before any mail (RFC 4954 §6).
    if [421, 530, 534, 535, 538].contains(reply.code) { throw .unwelcome(reply) }
    guard reply.isTemporary || reply.isPermanent else { throw .broken("it answered \(reply.code) out of turn") }
    // What is refused at MAIL for good is not refused because of the recipient, whom the server does not know yet. But it
    // may be because of the message's size (RFC 1870 §6.1) or form (RFC 5321 §4.1.1.11).
    if command == .mail, reply.isPermanent, ![552, 555].contains(reply.code) { throw .senderRefused(reply) }
    throw .refused(reply)
  }

  private func expectDone(_ reply: SMTPReply) throws(SMTPError) {
    guard reply.isDone else { throw .unwelcome(reply) }
  }

  // MARK: - Lines

  private func command(_ line: String) async throws(SMTPError) -> SMTPReply {
    try await send(try Self.checked(line), expectingReplyWithin: configuration.commandTimeout)
  }

  private static func checked(_ line: String) throws(SMTPError) -> [UInt8] {
    var bytes = Array(line.utf8)
    try endLine(0, of: &bytes)
    return bytes
  }

  /// Ends the line that begins at a place.
  private static func endLine(_ start: Int, of bytes: inout [UInt8]) throws(SMTPError) {
    guard !bytes[start...].contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
      throw .unusable("a command would have a control character")
    }
    bytes += "\r\n".utf8
  }

  private func reply(within timeout: Duration) async throws(SMTPError) -> SMTPReply {
    try await result(
      of: onLoop { [channel, handler] in
        handler.value.expectReply(within: TimeAmount(timeout), context: channel)
      })
  }

  private func send(
    _ bytes: [UInt8], expectingReplyWithin timeout: Duration
  ) async throws(SMTPError) -> SMTPReply {
    try await result(
      of: onLoop { [channel, handler] in
        Self.write(bytes, to: channel, handler.value, expectingReplyWithin: TimeAmount(timeout))
      })
  }

  /// On the event loop.
  private static func write(
    _ bytes: [UInt8], to channel: any Channel, _ handler: SMTPHandler, expectingReplyWithin timeout: TimeAmount
  ) -> EventLoopFuture<SMTPReply> {
    let reply = handler.expectReply(within: timeout, context: channel)
    channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
    return reply
  }

  private func send(_ bytes: [UInt8]) async throws(SMTPError) {
    let timeout = TimeAmount(configuration.commandTimeout)
    try await result(
      of: onLoop { [channel, handler] in Self.write(bytes, to: channel, handler, within: timeout) })
  }

  /// On the event loop.
  private static func write(
    _ bytes: [UInt8], to channel: any Channel, _ handler: NIOLoopBound<SMTPHandler>, within timeout: TimeAmount
  ) -> EventLoopFuture<Void> {
    handler.value.beginWriting(within: timeout, context: channel)
    return channel.writeAndFlush(channel.allocator.buffer(bytes: bytes)).always { _ in handler.value.endWriting() }
  }

  private func onLoop<Value: Sendable>(
    _ work: @escaping @Sendable () -> EventLoopFuture<Value>
  ) -> EventLoopFuture<Value> {
    channel.eventLoop.inEventLoop ? work() : channel.eventLoop.flatSubmit(work)
  }

  private func result<Value: Sendable>(of future: EventLoopFuture<Value>) async throws(SMTPError) -> Value {
    do { return try await future.get() } catch let error as SMTPError {
      throw error
    } catch { throw .broken("\(type(of: error))") }
  }
}
