import NIOCore
import NIOPosix
import Synchronization

/// A mail server for tests: keeps every message that it accepted, removes no duplicates, and fails where it is told to.
package final class MailSink: Sendable {
  /// What becomes of a message.
  package enum Fate: Sendable, Hashable {
    case accept
    /// Answers RCPT with this line.
    case refuseRecipient(String)
    /// So too, and takes a message for nobody all the same.
    case refuseRecipientOnly(String)
    /// Answers the final dot with this line, and keeps nothing.
    case refuseMessage(String)
    /// Keeps the message and closes without an answer.
    case acceptAndBreak
    /// Closes without having taken it.
    case breakBeforeData
    /// Closes when the first line of the message has come.
    case breakInMessage
    /// Says this line, unasked, when the first line of the message has come.
    case speakInMessage(String)
    /// Answers RCPT and what follows with nothing.
    case fallSilent
    /// Answers the final dot with nothing, and keeps the message.
    case acceptSilently
    /// Reads nothing of the message.
    case stopReading
  }

  /// A message that was accepted.
  package struct Kept: Sendable, Hashable {
    /// The lines of MAIL and RCPT.
    package var sender: String
    package var recipient: String
    /// As it was before dots were doubled.
    package var message: String
  }

  private struct State {
    var kept: [Kept] = []
    var connections = 0
    var commands: [String] = []
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())
  fileprivate let fate: @Sendable (_ recipient: String, _ attempt: Int) -> Fate
  fileprivate let extensions: [String]
  fileprivate let greeting: String
  fileprivate let beforeAnswer: @Sendable (_ recipient: String) async -> Void
  fileprivate let answerToMail: @Sendable () -> String
  private let attempts = Mutex<[String: Int]>([:])
  private let channel = Mutex<(any Channel)?>(nil)

  /// - Parameters:
  ///   - fate: by the recipient's address, and how often it was tried before.
  ///   - answerToMail: the answer to MAIL.
  ///   - beforeAnswer: runs when a message has come whole and its final dot is not answered yet.
  package init(
    extensions: [String] = ["SIZE 1000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"],
    greeting: String = "220 sink ready", answerToMail: @escaping @Sendable () -> String = { "250 2.1.0 ok" },
    beforeAnswer: @escaping @Sendable (String) async -> Void = { _ in },
    fate: @escaping @Sendable (_ recipient: String, _ attempt: Int) -> Fate = { _, _ in .accept }
  ) {
    self.extensions = extensions
    self.greeting = greeting
    self.answerToMail = answerToMail
    self.beforeAnswer = beforeAnswer
    self.fate = fate
  }

  /// What was accepted, in order.
  package var kept: [Kept] { state.withLock { $0.kept } }
  /// How many connections were made.
  package var connections: Int { state.withLock { $0.connections } }
  /// The command lines that came.
  package var commands: [String] { state.withLock { $0.commands } }

  /// Starts; gives the port.
  package func start() async throws -> Int {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Session(sink: self))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    self.channel.withLock { $0 = channel }
    return channel.localAddress?.port ?? 0
  }

  /// Stops listening.
  package func stop() async {
    try? await channel.withLock { $0 }?.close()
  }

  /// Waits until so many messages were accepted.
  package func until(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.kept.count >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  fileprivate func connected() {
    state.withLock { $0.connections += 1 }
  }

  fileprivate func commanded(_ line: String) {
    state.withLock { $0.commands.append(line) }
  }

  fileprivate func nextFate(of recipient: String) -> Fate {
    fate(
      recipient,
      attempts.withLock { attempts in
        defer { attempts[recipient, default: 0] += 1 }
        return attempts[recipient, default: 0]
      })
  }

  fileprivate func keep(_ message: Kept) {
    let reached = state.withLock { state in
      state.kept.append(message)
      let reached = state.watchers.filter { $0.count <= state.kept.count }
      state.watchers.removeAll { $0.count <= state.kept.count }
      return reached
    }
    for watcher in reached { watcher.continuation.resume() }
  }
}

/// One connection to the sink.
private final class Session: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let sink: MailSink
  private var rest: [UInt8] = []
  private var sender = ""
  private var recipient = ""
  private var fate = MailSink.Fate.accept
  /// The lines of the message; nil between messages.
  private var lines: [String]?
  /// What came before a message was answered: it is answered in order.
  private var waiting: [String] = []
  private var isAnswering = false

  init(sink: MailSink) {
    self.sink = sink
  }

  func channelActive(context: ChannelHandlerContext) {
    sink.connected()
    say(sink.greeting, context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What had been read by then.
    if fate == .stopReading, lines != nil { return }
    for byte in unwrapInboundIn(data).readableBytesView {
      guard byte == UInt8(ascii: "\n") else {
        rest.append(byte)
        continue
      }
      if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
      waiting.append(String(decoding: rest, as: UTF8.self))
      rest = []
    }
    takeWaiting(context)
  }

  private func takeWaiting(_ context: ChannelHandlerContext) {
    while !isAnswering, !waiting.isEmpty { take(waiting.removeFirst(), context) }
  }

  private func take(_ line: String, _ context: ChannelHandlerContext) {
    if lines != nil {
      if line == "." { return end(context) }
      switch fate {
      case .breakInMessage: return context.close(promise: nil)
      case .speakInMessage(let reply) where lines?.isEmpty == true: say(reply, context)
      default: break
      }
      lines?.append(line.hasPrefix(".") ? String(line.dropFirst()) : line)
      return
    }
    sink.commanded(line)
    switch line.prefix(4).uppercased() {
    case "EHLO":
      let all = ["sink"] + sink.extensions
      for (index, text) in all.enumerated() { say("250\(index == all.count - 1 ? " " : "-")\(text)", context) }
    case "MAIL":
      sender = line
      say(sink.answerToMail(), context)
    case "RCPT":
      recipient = line
      fate = sink.nextFate(of: address(line))
      switch fate {
      case .refuseRecipient(let reply), .refuseRecipientOnly(let reply): say(reply, context)
      case .fallSilent: break
      default: say("250 2.1.5 ok", context)
      }
    case "DATA":
      if fate == .fallSilent { return }
      if fate == .breakBeforeData { return context.close(promise: nil) }
      if case .refuseRecipient = fate { return say("554 5.5.1 no valid recipients", context) }
      lines = []
      say("354 go on", context)
      if fate == .stopReading { try? context.channel.syncOptions?.setOption(.autoRead, value: false) }
    case "QUIT":
      say("221 bye", context)
      context.close(promise: nil)
    default: say("250 ok", context)
    }
  }

  private func address(_ line: String) -> String {
    String(line.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
  }

  private func end(_ context: ChannelHandlerContext) {
    let message = (lines ?? []).map { $0 + "\r\n" }.joined()
    let kept = MailSink.Kept(sender: sender, recipient: address(recipient), message: message)
    lines = nil
    isAnswering = true
    let (sink, fate) = (sink, fate)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.eventLoop.makeFutureWithTask { await sink.beforeAnswer(kept.recipient) }.whenComplete { _ in
      let (session, context) = bound.value
      session.isAnswering = false
      switch fate {
      case .refuseMessage(let reply): session.say(reply, context)
      case .acceptAndBreak:
        sink.keep(kept)
        session.waiting = []
        context.close(promise: nil)
      case .acceptSilently: sink.keep(kept)
      default:
        sink.keep(kept)
        session.say("250 2.0.0 kept", context)
      }
      session.takeWaiting(context)
    }
  }

  private func say(_ line: String, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: "\(line)\r\n")), promise: nil)
  }
}
