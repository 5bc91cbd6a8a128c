import NIOCore

/// Marks the failure of a call that no server has seen, so that it may be made again.
struct UnseenByServer: Error {}

extension RPCError {
  static func unseen(_ message: String) -> RPCError {
    RPCError(.unavailable, message, cause: UnseenByServer())
  }

  var isUnseen: Bool { cause is UnseenByServer }
}

/// A client's end of one connection: makes streams of calls.
final class ClientConnection: HTTP2Role {
  /// The event by which a client closes its connections.
  struct ShutDown: Sendable {}

  private unowned let connection: HTTP2Connection
  private let parts: ClientParts
  private let place: ConnectionPool.Place
  private let pool: ConnectionPool
  private var streams = StreamTable<ClientStream>()
  private var deadlines: DeadlineTimer?
  private var keepalive: KeepaliveTimer?
  private var isReady = false
  private var isDraining = false
  private var isClosed = false
  /// That of the request which is opened, in memory that serves all of them.
  private var block = HeaderBlock()

  init(connection: HTTP2Connection, parts: ClientParts, place: ConnectionPool.Place, pool: ConnectionPool) {
    self.connection = connection
    self.parts = parts
    self.place = place
    self.pool = pool
  }

  private var session: HTTP2Session { connection.session }

  func opened() {
    guard let time = parts.configuration.keepaliveTime else { return }
    keepalive = KeepaliveTimer(
      connection: connection, owner: self, time: time, timeout: parts.configuration.keepaliveTimeout)
  }

  func heard() {
    keepalive?.heard()
  }

  func burstEnded() {}

  func happened(_ event: HTTP2Session.Event, _ bytes: ByteBuffer) {
    switch event {
    case .headers(let stream, let fields, let endsStream, let isTruncated):
      headersCame(stream, fields, endsStream, isTruncated)
    case .data(let stream, let offset, let count): dataCame(stream, bytes, offset, count)
    case .ended(let stream): responseEnded(stream)
    case .closed(let stream, let error): streamClosed(stream, error)
    case .sentRequest(let stream): streams[stream]?.machine.requestWent()
    case .drained(let stream): streams[stream]?.pipe.drained()
    case .settings(isAcknowledgement: false): becameReady()
    case .goAway(let last, let error): goAwayCame(last, error)
    case .sentEnd, .sentGoAway, .notSent, .ping, .settings: break
    }
  }

  func closed() {
    isClosed = true
    deadlines?.stop()
    keepalive?.stop()
    pool.connectionEnded(place)
    for stream in streams.values {
      end(stream, stream.machine.connectionLost(), "The connection to \(parts.address) was lost.")
    }
    streams = StreamTable()
  }

  func told(_ event: Any) {
    if event is ShutDown { shutDown() }
  }

  private func becameReady() {
    guard !isReady else { return }
    isReady = true
    pool.connected(place, ClientConnectionHandle(self, connection.eventLoop))
  }
}

// MARK: - Calls

extension ClientConnection {
  /// Makes a stream of a call.
  ///
  /// - Parameter messages: those that go at once.
  /// - Throws: UNAVAILABLE, unseen, when the connection takes no calls any more.
  func open(
    _ headers: RequestHeaders, deadline: Deadline?, messages: [FramedMessage], isLast: Bool
  ) throws(RPCError) -> ClientStream {
    let now = NIODeadline.now()
    guard !isDraining, !isClosed else { throw .unseen("The connection to \(parts.address) takes no more calls.") }
    if let deadline, deadline.isPast(at: now) { throw .deadlineExceeded }
    block.reset()
    headers.write(
      to: &block, authority: parts.authority, isTLS: parts.configuration.tls != nil,
      timeout: deadline.map { $0.remaining(at: now) })
    let id: Int32
    do {
      id = try session.request(block)
    } catch {
      throw .unseen("The connection to \(parts.address) takes no more calls (\(error)).")
    }
    return begin(id, headers.compression, deadline, messages, isLast)
  }

  private func begin(
    _ id: Int32, _ compression: Compression, _ deadline: Deadline?, _ messages: [FramedMessage], _ isLast: Bool
  ) -> ClientStream {
    let configuration = parts.configuration
    let pipe = CallPipe(
      connection: connection, stream: id, limits: (configuration.maxResponseSize, configuration.maxRequestSize),
      compression: compression)
    let stream = ClientStream(pipe: pipe, deadline: deadline)
    streams.insert(stream, for: id)
    for message in messages { session.send(id, message) }
    if isLast { pipe.endSending() }
    connection.needsTurn()
    if let deadline { watch(deadline) }
    return stream
  }

  /// Ends a call that its caller no longer wants.
  func cancel(_ stream: ClientStream, _ error: RPCError) {
    if stream.machine.gaveUp() { session.reset(stream.id, .cancel) }
    stream.fail(error)
    stream.pipe.stopReading()
    connection.needsTurn()
  }

  private func headersCame(_ id: Int32, _ range: Range<Int>, _ endsStream: Bool, _ isTruncated: Bool) {
    guard let stream = streams[id] else { return }
    if isTruncated {
      return cancel(stream, RPCError(.resourceExhausted, "The response's metadata is larger than accepted."))
    }
    let fields = ResponseFields(session.headers, range)
    switch stream.machine.headersCame(endsStream: endsStream, isInformational: fields.isInformational) {
    case .ignore: break
    case .head:
      if let refusal = fields.refusal { cancel(stream, refusal) } else { stream.headCame(fields) }
    case .trailers:
      stream.trailersCame(fields)
      session.stopSending(id)
    case .violation: cancel(stream, RPCError(.internal, "The server sent a second head."))
    }
  }

  private func dataCame(_ id: Int32, _ bytes: ByteBuffer, _ offset: Int, _ count: Int) {
    session.openConnectionWindow(count)
    guard let stream = streams[id], !stream.machine.isFinished,
      let data = bytes.getSlice(at: bytes.readerIndex + offset, length: count)
    else { return }
    guard stream.machine.dataCame() else {
      return cancel(stream, RPCError(.internal, "The server sent a message before the head."))
    }
    do throws(RPCError) {
      try stream.pipe.receive(data)
    } catch {
      cancel(stream, error)
    }
  }

  /// The server's side has ended; trailers with a status should have come.
  private func responseEnded(_ id: Int32) {
    guard let stream = streams[id], !stream.machine.isFinished else { return }
    cancel(stream, RPCError(.internal, "The server ended the call without a status."))
  }

  private func streamClosed(_ id: Int32, _ error: HTTP2ErrorCode) {
    guard let stream = streams.remove(id) else { return }
    end(stream, stream.machine.closed(error), "The server reset the call (\(error)).")
    closeIfDone()
  }

  private func end(_ stream: ClientStream, _ closing: ClientStreamMachine.Closing, _ message: @autoclosure () -> String)
  {
    switch closing {
    case .none: break
    case .unseen: stream.fail(.unseen(message()))
    case .failed(let error):
      stream.fail(
        isClosed
          ? RPCError(.unavailable, message(), cause: ConnectionLost())
          : RPCError(StatusCode(resetBy: error), message()))
    }
  }
}

/// The cause of the error of a call under way whose connection broke: the server may have carried it out.
public struct ConnectionLost: Error, Sendable, Hashable {}

// MARK: - The connection's end

extension ClientConnection {
  /// Streams above `last` are closed by nghttp2 as refused; those that have not gone yet go elsewhere at once.
  private func goAwayCame(_ last: Int32, _ error: HTTP2ErrorCode) {
    stopTakingCalls()
    for stream in streams.values where stream.machine.isUnsent {
      cancel(stream, .unseen("The server at \(parts.address) is shutting down (\(error) \(session.goAwayDebug))."))
    }
    closeIfDone()
  }

  private func stopTakingCalls() {
    guard !isDraining else { return }
    isDraining = true
    pool.connectionEnded(place)
  }

  /// Fails the calls under way and closes.
  private func shutDown() {
    stopTakingCalls()
    for stream in streams.values { cancel(stream, RPCError(.cancelled, "The client was closed.")) }
    session.goAway(.noError)
    connection.end()
  }

  private func closeIfDone() {
    if isDraining && streams.count == 0 { connection.end() }
  }
}

// MARK: - Deadlines

extension ClientConnection: DeadlineOwner {
  private func watch(_ deadline: Deadline) {
    let timer = deadlines ?? DeadlineTimer(eventLoop: connection.eventLoop, owner: self)
    deadlines = timer
    timer.watch(deadline)
  }

  func deadlinesPassed(at now: NIODeadline) -> Deadline? {
    var next: Deadline?
    for stream in streams.values where !stream.machine.isFinished {
      guard let deadline = stream.deadline else { continue }
      if deadline.isPast(at: now) {
        cancel(stream, .deadlineExceeded)
      } else {
        next = min(next ?? deadline, deadline)
      }
    }
    return next
  }
}

extension ClientConnection: KeepaliveOwner {
  var mayPing: Bool { streams.count > 0 }
}

extension RPCError {
  static var deadlineExceeded: RPCError {
    RPCError(.deadlineExceeded, "The deadline passed before the call ended.")
  }
}
