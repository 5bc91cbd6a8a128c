import Messages
import NIOCore

/// The messages of one call, both ways, on its connection's loop: what the transport and the call's tasks share.
///
/// Not Sendable; tasks use it by ``CallPipeHandle``.
final class CallPipe {
  enum Read {
    case message(ByteBuffer)
    case end
    case failed(RPCError)
    case wait
  }

  let connection: HTTP2Connection
  let stream: Int32
  /// How messages that are worth it are compressed.
  private var compression: Compression
  private(set) var inbox: MessageInbox
  private let maxSendSize: Int
  private var failure: RPCError?
  private var reader: CheckedContinuation<ByteBuffer?, any Error>?
  private var writers: [CheckedContinuation<Void, any Error>] = []
  private var isSendingEnded = false
  private var isPeerDone = false
  /// The call that is answered (server).
  private let call: Call?
  private let acceptsGzip: Bool
  private(set) var hasSentHead: Bool
  /// What ``call`` was told last.
  private var isRequestCompressed = false

  /// - Parameters:
  ///   - call: on a server, the call whose initial metadata goes out before the first message.
  ///   - acceptsGzip: on a server, whether the call may choose to compress.
  init(
    connection: HTTP2Connection, stream: Int32, limits: (receive: Int, send: Int), compression: Compression,
    responseTo call: Call? = nil, acceptsGzip: Bool = false
  ) {
    self.connection = connection
    self.stream = stream
    self.compression = compression
    inbox = MessageInbox(maxSize: limits.receive)
    maxSendSize = limits.send
    self.call = call
    self.acceptsGzip = acceptsGzip
    hasSentHead = call == nil
  }
}

// MARK: - In

extension CallPipe {
  /// Names the encoding of compressed messages.
  func setEncoding(_ encoding: Compression) { inbox.encoding = encoding }

  /// Lets the peer's window open for all that comes: the call needs a whole message before it can start.
  func wantMessages() {
    inbox.isWanted = true
    credit()
  }

  /// Takes bytes from the peer.
  ///
  /// - Throws: ``RPCError``: what the peer sends is not acceptable.
  func receive(_ bytes: ByteBuffer) throws(RPCError) {
    guard failure == nil else { return connection.openWindow(stream, bytes.readableBytes, isDone: true) }
    connection.arrived(bytes.readableBytes)
    try inbox.receive(bytes)
    serveReader()
    credit()
  }

  /// The peer has ended its side with success.
  func endReceiving() {
    inbox.end()
    serveReader()
  }

  /// The next message for a task.
  func read() -> Read {
    if let failure, !inbox.isEnded { return .failed(failure) }
    let waiting = inbox.waiting
    do {
      switch try inbox.next() {
      case .message(let message):
        connection.left(stream, waiting - inbox.waiting, isDone: inbox.waiting == 0)
        credit()
        tellCompression()
        return .message(message)
      case .end: return failure.map(Read.failed) ?? .end
      case .none: return .wait
      }
    } catch {
      fail(error)
      return .failed(error)
    }
  }

  /// The whole of a request of one message, which stays here; nil when there is no such, or it must be unpacked first.
  func onlyMessage() -> ByteBuffer? {
    failure == nil ? inbox.onlyMessage : nil
  }

  private func tellCompression() {
    guard inbox.wasCompressed != isRequestCompressed else { return }
    isRequestCompressed = inbox.wasCompressed
    call?.setRequestCompressed(isRequestCompressed)
  }

  /// Keeps a task that found nothing to read until there is.
  func wait(_ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
    guard reader == nil else {
      continuation.resume(throwing: RPCError(.internal, "Two tasks read the same stream at once."))
      return
    }
    reader = continuation
    inbox.isWanted = true
    serveReader()
    credit()
  }

  /// Lets the waiting reader go because its task was cancelled.
  func cancelRead() {
    reader.take()?.resume(throwing: CancellationError())
    inbox.isWanted = false
  }

  private func serveReader() {
    guard reader != nil else { return }
    switch read() {
    case .message(let message): reader.take()?.resume(returning: message)
    case .end: reader.take()?.resume(returning: nil)
    case .failed(let error): reader.take()?.resume(throwing: error)
    case .wait: inbox.isWanted = true
    }
  }

  private func credit() {
    let count = inbox.takeCredit()
    if count > 0 { connection.openWindow(stream, count, isDone: inbox.waiting == 0) }
  }

  /// Drops what nobody will read.
  private func dropMessages() {
    let waiting = inbox.waiting
    inbox.drop()
    connection.left(stream, waiting, isDone: true)
  }
}

// MARK: - Out

extension CallPipe {
  /// Sends the response's head if it is not sent (server).
  func sendHead() {
    guard !hasSentHead, let call else { return }
    settleCompression()
    hasSentHead = true
    connection.session.respond(stream, ResponseHead.headers(call.initialMetadata, compression))
    connection.needsTurn()
  }

  /// Sends one message.
  ///
  /// - Returns: whether the sender may go on at once, without waiting for room.
  /// - Throws: ``RPCError``: the call has ended.
  func write(_ message: FramedMessage) throws(RPCError) -> Bool {
    if let failure { throw failure }
    if isPeerDone { return true }
    guard !isSendingEnded else { throw RPCError(.internal, "A message follows the end of the stream.") }
    sendHead()
    let waiting = connection.session.send(stream, message)
    connection.needsTurn()
    return waiting < connection.session.outgoingBuffer
  }

  /// Keeps a sender until there is room.
  func waitForRoom(_ continuation: CheckedContinuation<Void, any Error>) {
    if let failure {
      continuation.resume(throwing: failure)
    } else if connection.session.waiting(stream) < connection.session.outgoingBuffer {
      continuation.resume()
    } else {
      writers.append(continuation)
    }
  }

  /// The peer has ended the call with success: what is still sent goes nowhere, which is no error.
  func peerIsDone() {
    isPeerDone = true
    drained()
  }

  /// There is room again.
  func drained() {
    let waiting = writers
    writers.removeAll()
    for writer in waiting { writer.resume() }
  }

  /// Lets waiting senders go because a task was cancelled; their messages are on their way.
  func cancelWrites() {
    let waiting = writers
    writers.removeAll()
    for writer in waiting { writer.resume(throwing: CancellationError()) }
  }

  /// Nobody reads any more: what has come is dropped, the outcome stays as it is.
  func stopReading() {
    if inbox.waiting > 0 { dropMessages() }
  }

  /// Ends our side with trailers (server) or without (client).
  func endSending(trailers: HeaderBlock? = nil) {
    guard !isSendingEnded else { return }
    isSendingEnded = true
    connection.session.end(stream, trailers: trailers)
    connection.needsTurn()
  }

  /// The call is over: everything that waits fails, and all that follows.
  ///
  /// - Parameter keepsMessages: whether what has come may still be read before the failure shows.
  func fail(_ error: RPCError, keepsMessages: Bool = false) {
    guard failure == nil else { return }
    failure = error
    isSendingEnded = true
    if keepsMessages { inbox.end() } else { dropMessages() }
    serveReader()
    let waiting = writers
    writers.removeAll()
    for writer in waiting { writer.resume(throwing: error) }
  }

  /// A message with its prefix, compressed if that is worth it.
  ///
  /// - Throws: RESOURCE_EXHAUSTED when it is larger than this end may send.
  func frame(_ message: ByteBuffer) throws(RPCError) -> FramedMessage {
    settleCompression()
    return try FramedMessage(message, maxSize: maxSendSize, compression: compression)
  }

  /// The same for a message that is not encoded yet.
  ///
  /// - Parameter isCompressible: false for a message that goes as it is though others are compressed.
  func frame(_ message: some Message, isCompressible: Bool = true) throws -> FramedMessage {
    settleCompression()
    return try FramedMessage(
      message, maxSize: maxSendSize, compression: isCompressible ? compression : .identity)
  }

  /// The handler may choose until the head is sent, which names the encoding.
  private func settleCompression() {
    guard !hasSentHead, acceptsGzip, let choice = call?.responseCompression else { return }
    compression = choice
  }
}

/// A task's hold on a ``CallPipe``, from any thread; quick on the pipe's own loop.
struct CallPipeHandle: Sendable {
  private let pipe: NIOLoopBound<CallPipe>

  /// On the pipe's loop only.
  init(_ pipe: CallPipe) {
    self.pipe = NIOLoopBound(pipe, eventLoop: pipe.connection.eventLoop)
  }

  private var loop: any EventLoop { pipe.eventLoop }

  /// The next message, or nil at the end.
  func next() async throws -> ByteBuffer? {
    if loop.inEventLoop {
      switch pipe.value.read() {
      case .message(let message): return message
      case .end: return nil
      case .failed(let error): throw error
      case .wait: break
      }
    }
    return try await cancellable { pipe, continuation in
      pipe.wait(continuation)
    } onCancel: { pipe in
      pipe.cancelRead()
    }
  }

  func send(_ message: ByteBuffer) async throws {
    try await send { pipe in try pipe.frame(message) }
  }

  func send(_ message: some Message, isCompressible: Bool = true) async throws {
    try await send { pipe in try pipe.frame(message, isCompressible: isCompressible) }
  }

  func send(framed message: FramedMessage) async throws {
    try await send { _ in message }
  }

  /// Sends a message after which nothing follows: it need not wait for room.
  func sendLast(_ message: some Message) async throws {
    if loop.inEventLoop {
      _ = try pipe.value.write(pipe.value.frame(message))
    } else {
      try await hop { pipe in _ = try pipe.write(pipe.frame(message)) }
    }
  }

  func sendHead() async throws {
    try await hop { pipe in pipe.sendHead() }
  }

  private func send(_ frame: @escaping @Sendable (CallPipe) throws -> FramedMessage) async throws {
    let hasRoom: Bool
    if loop.inEventLoop {
      hasRoom = try pipe.value.write(frame(pipe.value))
    } else {
      hasRoom = try await hop { pipe in try pipe.write(frame(pipe)) }
    }
    if hasRoom { return }
    try await cancellable { pipe, continuation in
      pipe.waitForRoom(continuation)
    } onCancel: { pipe in
      pipe.cancelWrites()
    }
  }

  /// Does something on the loop and returns what came of it.
  func hop<Result: Sendable>(_ body: @escaping @Sendable (CallPipe) throws -> Result) async throws -> Result {
    if loop.inEventLoop { return try body(pipe.value) }
    return try await withCheckedThrowingContinuation { continuation in
      loop.execute { continuation.resume(with: Swift.Result { try body(pipe.value) }) }
    }
  }

  /// Suspends on the loop until the pipe, or the task's cancellation, resumes the continuation.
  private func cancellable<Result: Sendable>(
    _ start: @escaping @Sendable (CallPipe, CheckedContinuation<Result, any Error>) -> Void,
    onCancel cancel: @escaping @Sendable (CallPipe) -> Void
  ) async throws -> Result {
    let wasCancelled = Flag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        onLoop {
          start(pipe.value, continuation)
          // The cancellation may have reached the loop before the wait began.
          if wasCancelled.isRaised { cancel(pipe.value) }
        }
      }
    } onCancel: {
      wasCancelled.raise()
      onLoop { cancel(pipe.value) }
    }
  }

  private func onLoop(_ body: @escaping @Sendable () -> Void) {
    if loop.inEventLoop { body() } else { loop.execute(body) }
  }
}
