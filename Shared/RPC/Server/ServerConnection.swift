import Messages
import NIOCore

/// A server's end of one connection: makes calls of streams, runs their handlers, sends their answers.
final class ServerConnection: HTTP2Role {
  unowned let connection: HTTP2Connection
  let service: ServerParts
  var lifetime: ServerLifetime
  private let peer: String
  private let number: UInt64
  private(set) var streams = StreamTable<ServerStream>()
  private var deadlines: DeadlineTimer?
  /// Calls whose handlers run, or that are relayed.
  var handlers = 0
  /// Calls that came with the bytes that are being read, and whose handlers need not wait for the whole request.
  private var arriving: [ServerStream] = []
  private var isClosed = false

  /// - Parameter number: random; part of the ids of calls that come without one.
  init(connection: HTTP2Connection, service: ServerParts, peer: String, number: UInt64) {
    self.connection = connection
    self.service = service
    self.peer = peer
    self.number = number
    lifetime = ServerLifetime(service.configuration)
  }

  var session: HTTP2Session { connection.session }

  func opened() {
    startTimers()
  }

  func heard() {
    lifetime.keepalive?.heard()
  }

  func burstEnded() {
    guard !arriving.isEmpty else { return }
    for stream in arriving where stream.machine.mayStart() == .startHandler { start(stream) }
    arriving.removeAll(keepingCapacity: true)
  }

  func happened(_ event: HTTP2Session.Event, _ bytes: ByteBuffer) {
    switch event {
    case .headers(let stream, let fields, _, let isTruncated): headersCame(stream, fields, isTruncated)
    case .data(let stream, let offset, let count): dataCame(stream, bytes, offset, count)
    case .ended(let stream): requestEnded(stream)
    case .closed(let stream, let error): streamClosed(stream, error)
    case .sentEnd(let stream): session.stopReceiving(stream)
    case .notSent(let stream): session.reset(stream, .internalError)
    case .drained(let stream): streams[stream]?.pipe.drained()
    case .ping(let isAcknowledgement, let opaque): pingCame(isAcknowledgement, opaque)
    case .settings(isAcknowledgement: false): lifetime.preface.cancel()
    case .sentGoAway: goAwayWent()
    case .settings, .goAway, .sentRequest: break
    }
  }

  func closed() {
    isClosed = true
    deadlines?.stop()
    lifetime.stop()
    for stream in streams.values { streamClosed(stream.id, .cancel) }
  }
}

// MARK: - Requests

extension ServerConnection {
  private func headersCame(_ id: Int32, _ fields: Range<Int>, _ isTruncated: Bool) {
    // A second block on a stream is trailers, which gRPC clients do not send.
    guard streams[id] == nil else { return }
    if isTruncated { return session.respondAndEnd(id, ResponseHead.http(431)) }
    // Handlers that run on after their stream was reset count too: resets buy no more work than the limit.
    if handlers >= service.configuration.maxConcurrentCalls { return session.reset(id, .refusedStream) }
    let head = RequestHead(session.headers, fields, routes: service.routes)
    switch (head.refusal, head.route) {
    case (.http(let status), _): session.respondAndEnd(id, ResponseHead.http(status))
    case (.status(let code, let message), _):
      session.respondAndEnd(id, ResponseHead.trailersOnly(RPCError(code, message), Metadata()))
    case (nil, let route?): begin(id, head, route)
    case (nil, nil): break
    }
  }

  private func begin(_ id: Int32, _ head: RequestHead, _ route: Route) {
    let deadline = head.timeout.map { Deadline(in: $0) }
    let call = Call(
      method: route.method, path: head.path, metadata: head.metadata, deadline: deadline, peer: peer,
      serial: CallSerial(connection: number, stream: UInt32(id)))
    let configuration = service.configuration
    let pipe = CallPipe(
      connection: connection, stream: id, limits: (configuration.maxRequestSize, configuration.maxResponseSize),
      compression: head.acceptsGzip ? configuration.compression : .identity, responseTo: call,
      acceptsGzip: head.acceptsGzip)
    pipe.setEncoding(head.encoding)
    let stream = ServerStream(id: id, call: call, route: route, pipe: pipe)
    streams.insert(stream, for: id)
    lifetime.drain.callBegan()
    if let deadline { watch(deadline) }
    if route.takesOneRequest {
      pipe.wantMessages()
    } else if route.relaying != nil {
      arriving.append(stream)
    } else {
      start(stream)
    }
  }

  private func dataCame(_ id: Int32, _ bytes: ByteBuffer, _ offset: Int, _ count: Int) {
    session.openConnectionWindow(count)
    guard let stream = streams[id], let data = bytes.getSlice(at: bytes.readerIndex + offset, length: count) else {
      return
    }
    do throws(RPCError) {
      try stream.pipe.receive(data)
    } catch {
      refuse(stream, error)
    }
  }

  private func requestEnded(_ id: Int32) {
    guard let stream = streams[id] else { return }
    stream.pipe.endReceiving()
    if stream.machine.mayStart() == .startHandler, !relay(stream) { start(stream) }
  }

  private func streamClosed(_ id: Int32, _ error: HTTP2ErrorCode) {
    guard let stream = streams.remove(id) else { return }
    act(
      stream.machine.streamClosed(), on: stream,
      RPCError(.cancelled, isClosed ? "The connection was closed." : "The client reset the call (\(error))."))
  }
}

// MARK: - Handlers

extension ServerConnection {
  func start(_ stream: ServerStream) {
    handlers += 1
    let exchange = ServerExchange(
      call: stream.call, pipe: CallPipeHandle(stream.pipe), interceptors: service.interceptors)
    let route = stream.route
    let own = NIOLoopBound((connection: self, stream: stream), eventLoop: connection.eventLoop)
    stream.task = Task(executorPreference: connection.executor) {
      let error = await exchange.run(route)
      own.value.connection.handlerEnded(own.value.stream, error)
    }
  }

  func handlerEnded(_ stream: ServerStream, _ error: RPCError?) {
    handlers -= 1
    stream.task = nil
    if let error { service.log(error, stream.call) }
    act(stream.machine.handlerEnded(), on: stream, error)
  }

  /// Ends a call with an error whatever its handler does.
  func refuse(_ stream: ServerStream, _ error: RPCError) {
    act(stream.machine.refused(), on: stream, error)
  }

  private static let callHasEnded = RPCError(.cancelled, "The call has ended.")

  /// - Parameter error: not made where it is not needed, as when a call ends well.
  private func act(
    _ action: ServerStreamMachine.Action, on stream: ServerStream, _ error: @autoclosure () -> RPCError?
  ) {
    switch action {
    case .none, .startHandler: break
    case .answer: stream.answer(error())
    case .refuse: answerRefusal(stream, error())
    case .cancelHandlerAndRefuse:
      answerRefusal(stream, error())
      stream.cancelService()
    case .cancelHandler:
      stream.pipe.fail(error() ?? RPCError(.cancelled, "The call was cancelled."))
      stream.cancelService()
    case .forget:
      stream.pipe.fail(Self.callHasEnded)
      callEnded()
    }
  }

  private func answerRefusal(_ stream: ServerStream, _ error: RPCError?) {
    let error = error ?? RPCError(.internal, "The call was refused.")
    stream.answer(error)
    stream.pipe.fail(error)
  }
}

// MARK: - Deadlines

extension ServerConnection: DeadlineOwner {
  private func watch(_ deadline: Deadline) {
    let timer = deadlines ?? DeadlineTimer(eventLoop: connection.eventLoop, owner: self)
    deadlines = timer
    timer.watch(deadline)
  }

  func deadlinesPassed(at now: NIODeadline) -> Deadline? {
    var next: Deadline?
    for stream in streams.values {
      guard let deadline = stream.call.deadline else { continue }
      if deadline.isPast(at: now) {
        refuse(stream, .deadlineExceeded)
      } else {
        next = min(next ?? deadline, deadline)
      }
    }
    return next
  }
}
