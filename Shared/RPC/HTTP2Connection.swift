import NIOCore

/// What one end of a connection makes of HTTP/2's events: a server or a client.
///
/// All methods are called on the loop, never from within each other.
protocol HTTP2Role: AnyObject {
  /// The channel is open.
  func opened()
  /// Bytes came; what they mean follows.
  func heard()
  /// Something happened; the offsets of a `data` event refer to `bytes`.
  func happened(_ event: HTTP2Session.Event, _ bytes: ByteBuffer)
  /// What came at once has been told.
  func burstEnded()
  /// An event that somebody sent down the channel.
  func told(_ event: Any)
  /// The channel is closed; nothing follows.
  func closed()
}

/// The one channel handler: moves bytes between a channel and an HTTP/2 session.
///
/// It sends once per turn: at the end of a burst of reads, or when somebody who submitted something asked for a turn.
/// It sends while the channel is writable only, so at most the channel's high watermark waits below it.
final class HTTP2Connection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  let session: HTTP2Session
  let executor: LoopExecutor
  let eventLoop: any EventLoop
  private var budget: ReceiveBudget
  private var held: HeldShare?
  private let makeRole: (HTTP2Connection) -> any HTTP2Role
  private var role: (any HTTP2Role)?
  private var context: ChannelHandlerContext?
  private var isBusy = false
  private var hasAskedForTurn = false
  private var isEnding = false
  private var isClosing = false
  private var isClosed = false

  /// How long a peer may take to close its side after we have closed ours.
  private static let lingering = TimeAmount.seconds(1)
  /// Bytes that go to the channel in one piece.
  private static let writeSize = 64 << 10

  /// - Parameters:
  ///   - receiveBound: bytes that may wait for all readers before windows stay closed.
  ///   - held: counts what this connection holds, with others.
  ///   - makeRole: called once, when the handler is added to its channel.
  init(
    session: HTTP2Session, executor: LoopExecutor, eventLoop: any EventLoop, receiveBound: Int,
    held: HeldBytes? = nil, makeRole: @escaping (HTTP2Connection) -> any HTTP2Role
  ) {
    budget = ReceiveBudget(bound: receiveBound)
    if let held { self.held = HeldShare(of: held) }
    self.session = session
    self.executor = executor
    self.eventLoop = eventLoop
    self.makeRole = makeRole
  }

  /// Sends what was submitted, soon. Cheap to ask often.
  func needsTurn() {
    guard !hasAskedForTurn, !isBusy, !isClosed else { return }
    hasAskedForTurn = true
    executor.needsTurn(self)
  }

  /// Runs the tasks that wait, then sends what there is, and tells what came of it, until all is quiet.
  func turn() {
    hasAskedForTurn = false
    guard let context, !isClosed else { return }
    isBusy = true
    executor.runJobs()
    do {
      while context.channel.isWritable, try transmit(context) {}
    } catch {
      isBusy = false
      context.close(promise: nil)
      return
    }
    isBusy = false
    if held?.holds(budget.buffered + session.waiting) == true { return closeForHolding(context) }
    if isEnding || !session.wantsToReceive, !session.wantsToSend { closeAfterWrites() }
  }

  private func closeForHolding(_ context: ChannelHandlerContext) {
    session.goAway(.enhanceYourCalm, debug: "too_much_unread")
    _ = try? transmit(context)
    context.close(promise: nil)
  }

  /// Closes the channel when all that was submitted is sent.
  func end() {
    isEnding = true
    needsTurn()
  }

  private func closeAfterWrites() {
    guard let context, !isClosing else { return }
    isClosing = true
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
      self.linger(context)
    }
  }

  /// Closes our side, and all when the peer has closed too, or had time to. Closed at once while the peer still sends,
  /// a socket answers with a reset, at which the peer may drop answers that it has not read.
  private func linger(_ context: ChannelHandlerContext) {
    guard !isClosed else { return }
    context.close(mode: .output, promise: nil)
    let timer = eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { context.close(promise: nil) }
    context.channel.closeFuture.whenComplete { _ in timer.cancel() }
  }

  /// Closes the channel at once.
  func close() {
    context?.close(promise: nil)
  }

  /// Bytes of a stream arrived for its reader.
  func arrived(_ count: Int) {
    budget.arrived(count)
  }

  /// The reader of a stream took or dropped bytes. Opens the windows that were held for want of room.
  func left(_ stream: Int32, _ count: Int, isDone: Bool) {
    open(budget.left(stream, count, isDone: isDone))
  }

  /// Opens a stream's window, now or when there is room.
  ///
  /// - Parameter isDone: whether nothing of the stream waits for its reader.
  func openWindow(_ stream: Int32, _ count: Int, isDone: Bool) {
    if let credit = budget.wants(ReceiveBudget.Credit(stream: stream, count: count), isDone: isDone) { open([credit]) }
  }

  private func open(_ credits: [ReceiveBudget.Credit]) {
    guard !credits.isEmpty else { return }
    for credit in credits { session.openStreamWindow(credit.stream, credit.count) }
    needsTurn()
  }

  private func transmit(_ context: ChannelHandlerContext) throws -> Bool {
    guard session.wantsToSend else { return false }
    var bytes = context.channel.allocator.buffer(capacity: 4_096)
    try session.transmit(into: &bytes, bound: Self.writeSize)
    let isEmpty = bytes.readableBytes == 0
    if !isEmpty { context.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }
    dispatch(ByteBuffer())
    return !isEmpty
  }

  private func dispatch(_ bytes: ByteBuffer) {
    for event in session.events { role?.happened(event, bytes) }
    session.discardEvents()
  }
}

extension HTTP2Connection {
  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    role = makeRole(self)
    if context.channel.isActive { open() }
  }

  func channelActive(context: ChannelHandlerContext) {
    open()
    context.fireChannelActive()
  }

  private func open() {
    role?.opened()
    needsTurn()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What comes while the connection closes changes nothing.
    if isClosing { return }
    let bytes = unwrapInboundIn(data)
    isBusy = true
    role?.heard()
    do {
      try bytes.withUnsafeReadableBytes { try session.receive($0) }
      dispatch(bytes)
    } catch {
      dispatch(bytes)
      isBusy = false
      turn()
      context.close(promise: nil)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    role?.burstEnded()
    turn()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { needsTurn() }
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    role?.told(event)
    promise?.succeed()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    guard !isClosed else { return }
    isClosed = true
    self.context = nil
    role?.closed()
    role = nil
    held = nil
  }
}
