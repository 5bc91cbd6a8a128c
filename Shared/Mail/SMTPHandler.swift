import NIOCore

/// The replies to commands that were sent together.
struct SMTPReplies: Sendable {
  /// In the commands' order.
  var received: [SMTPReply] = []
  /// Why the others are missing, where some are.
  var failure: SMTPError?
}

/// Matches the replies of a server to the commands that wait for them, in order, and minds that the server goes on.
final class SMTPHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Commands that wait for their replies.
  private struct Expectation {
    let count: Int
    let timeout: TimeAmount
    let deadline: NIODeadline
    let complete: (SMTPReplies) -> Void
    var replies = SMTPReplies()
  }

  private var reader = SMTPReplyReader()
  private var waiting: CircularBuffer<Expectation> = []
  /// When what is being written must have gone.
  private var writing: NIODeadline?
  /// One timer for all that has a deadline: set for the earliest that it heard of, it looks again when it fires. Most is
  /// done long before, and costs a comparison.
  private var timer: (deadline: NIODeadline, scheduled: Scheduled<Void>)?
  /// Why nothing will be answered any more.
  private(set) var failure: SMTPError?
  /// The server's first word, which it says unasked, when it came before somebody waited for it.
  private var greeting: SMTPReply?
  private var isGreeted = false

  /// Whether the server has said more than it was asked for.
  var hasUnread: Bool { reader.hasRest }

  /// Registers for the next reply. On the event loop.
  func expectReply(within timeout: TimeAmount, context: any Channel) -> EventLoopFuture<SMTPReply> {
    let promise = context.eventLoop.makePromise(of: SMTPReply.self)
    if failure == nil, let greeting {
      self.greeting = nil
      promise.succeed(greeting)
      return promise.futureResult
    }
    expect(1, within: timeout, context: context) { replies in
      if let reply = replies.received.first {
        promise.succeed(reply)
      } else {
        promise.fail(replies.failure ?? .broken("it did not answer"))
      }
    }
    return promise.futureResult
  }

  /// Registers for the next replies: the future never fails. On the event loop.
  func expectReplies(_ count: Int, within timeout: TimeAmount, context: any Channel) -> EventLoopFuture<SMTPReplies> {
    let promise = context.eventLoop.makePromise(of: SMTPReplies.self)
    expect(count, within: timeout, context: context) { promise.succeed($0) }
    return promise.futureResult
  }

  private func expect(
    _ count: Int, within timeout: TimeAmount, context: any Channel, _ complete: @escaping (SMTPReplies) -> Void
  ) {
    if let failure { return complete(SMTPReplies(failure: failure)) }
    let deadline = NIODeadline.now() + timeout
    waiting.append(Expectation(count: count, timeout: timeout, deadline: deadline, complete: complete))
    watch(deadline, context)
  }

  /// Closes the channel unless what is being written has gone by then: a server that stops reading must not hold us for
  /// ever.
  func beginWriting(within timeout: TimeAmount, context: any Channel) {
    let deadline = NIODeadline.now() + timeout
    writing = deadline
    watch(deadline, context)
  }

  /// What was being written has gone.
  func endWriting() {
    writing = nil
  }

  private func watch(_ deadline: NIODeadline, _ context: any Channel) {
    if failure != nil { return }
    if let timer, timer.deadline <= deadline { return }
    timer?.scheduled.cancel()
    let scheduled = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.look(context) }
    timer = (deadline, scheduled)
  }

  private func look(_ context: any Channel) {
    timer = nil
    let now = NIODeadline.now()
    if let late = waiting.first(where: { $0.deadline <= now }) {
      fail(.broken("it said nothing for \(late.timeout.nanoseconds / 1_000_000_000) s"))
      return context.close(promise: nil)
    }
    if let writing, writing <= now { return context.close(promise: nil) }
    if let next = (waiting.map(\.deadline) + [writing].compactMap(\.self)).min() { watch(next, context) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    do throws(SMTPReplyReader.Malformed) {
      for reply in try reader.read(buffer.readableBytesView) { take(reply, context) }
    } catch {
      fail(.broken("it sent what is no reply"))
      context.close(promise: nil)
    }
  }

  private func take(_ reply: SMTPReply, _ context: ChannelHandlerContext) {
    defer { isGreeted = true }
    guard !waiting.isEmpty else {
      if !isGreeted {
        greeting = reply
        return
      }
      // Unasked, as a server says 421 that shuts down: nothing was sent that it answers.
      fail(reply.code == 421 ? .unwelcome(reply) : .broken("it answered \(reply.code) unasked"))
      context.close(promise: nil)
      return
    }
    let first = waiting.startIndex
    waiting[first].replies.received.append(reply)
    guard waiting[first].replies.received.count == waiting[first].count else { return }
    let answered = waiting.removeFirst()
    answered.complete(answered.replies)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(.broken("it was closed"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(.broken("\(type(of: error))"))
    context.close(promise: nil)
  }

  private func fail(_ error: SMTPError) {
    if failure == nil { failure = error }
    timer?.scheduled.cancel()
    timer = nil
    while var expectation = waiting.popFirst() {
      expectation.replies.failure = failure ?? error
      expectation.complete(expectation.replies)
    }
  }
}
