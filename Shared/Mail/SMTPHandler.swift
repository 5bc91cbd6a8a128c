import NIOCore

/// Matches the replies of a server to the commands that wait for them, in order.
final class SMTPHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var reader = SMTPReplyReader()
  private var waiting: CircularBuffer<(promise: EventLoopPromise<SMTPReply>, timer: Scheduled<Void>)> = []
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
    if let failure {
      promise.fail(failure)
      return promise.futureResult
    }
    if let greeting {
      self.greeting = nil
      promise.succeed(greeting)
      return promise.futureResult
    }
    let timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
      self.fail(.broken("it said nothing for \(timeout.nanoseconds / 1_000_000_000) s"))
      context.close(promise: nil)
    }
    waiting.append((promise, timer))
    return promise.futureResult
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
    guard let (promise, timer) = waiting.popFirst() else {
      if !isGreeted {
        greeting = reply
        return
      }
      // Unasked, as a server says 421 that shuts down: nothing was sent that it answers.
      fail(reply.code == 421 ? .unwelcome(reply) : .broken("it answered \(reply.code) unasked"))
      context.close(promise: nil)
      return
    }
    timer.cancel()
    promise.succeed(reply)
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
    while let (promise, timer) = waiting.popFirst() {
      timer.cancel()
      promise.fail(failure ?? error)
    }
  }
}
