import Logging
import NIOCore
import NIOHTTP1

/// Acts for one connection's ``HTTPConnectionMachine``.
final class HTTPConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let routes: HTTPRoutes
  private let configuration: HTTPServerConfiguration
  private let logger: Logger
  private var machine = HTTPConnectionMachine()
  private var current: Exchange?
  private var timer: Scheduled<Void>?
  private var runningTimer: HTTPConnectionMachine.Timer?

  /// The request in hand.
  private struct Exchange {
    var head: HTTPRequestHead
    var request: HTTPRequest
    var handler: HTTPRoutes.Handler
    var task: Task<Void, Never>?
  }

  init(routes: HTTPRoutes, configuration: HTTPServerConfiguration, logger: Logger) {
    self.routes = routes
    self.configuration = configuration
    self.logger = logger
  }

  // A channel that was registered before its pipeline was built is active already.
  func handlerAdded(context: ChannelHandlerContext) {
    runTimer(context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    act(machine.connectionLost(), context)
    timer?.cancel()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.debug("HTTP connection ended", metadata: ["error": "\(type(of: error))"])
    act(machine.connectionLost(), context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is HTTPDrainRequested:
      act(machine.drainRequested(), context)
    case ChannelEvent.inputClosed:
      act(machine.connectionLost(), context)
    default:
      context.fireUserInboundEventTriggered(event)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      start(head, context)
    case .body(var piece):
      let action = machine.bodyArrived(piece.readableBytes)
      if action == .append {
        current?.request.body.writeBuffer(&piece)
      } else {
        act(action, context)
      }
    case .end:
      act(machine.requestEnded(), context)
    }
  }

  private func start(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let (target, match) = resolve(head)
    let request = HTTPRequest(
      method: head.method, target: target ?? .root, headers: head.headers,
      peer: context.remoteAddress?.ipAddress ?? "", parameters: match.parameters)
    current = Exchange(head: head, request: request, handler: match.handler)
    let action = machine.requestStarted(
      declared: head.headers.first(name: "content-length").flatMap { Int($0) },
      limit: match.maximumBodyBytes ?? configuration.maximumBodyBytes,
      keepAlive: head.isKeepAlive,
      expectsContinue: head.headers.first(name: "expect")?.lowercased() == "100-continue")
    act(action, context)
  }

  private func resolve(_ head: HTTPRequestHead) -> (HTTPTarget?, HTTPRoutes.Match) {
    guard head.uri.utf8.count <= configuration.maximumTargetBytes else {
      return (nil, .canned(.text("The address is too long.", status: .uriTooLong)))
    }
    guard let target = HTTPTarget(head.uri) else {
      return (nil, .canned(.text("The address is malformed.", status: .badRequest)))
    }
    switch routes.find(head.method, target) {
    case .found(let match):
      return (target, match)
    case .methodNotAllowed(let allowed):
      var response = HTTPResponse.text("This address has other methods.", status: .methodNotAllowed)
      response.headers.add(name: "allow", value: allowed.map(\.rawValue).joined(separator: ", "))
      return (target, .canned(response))
    case .notFound:
      return (target, .canned(.text("There is nothing here.", status: .notFound)))
    }
  }

  private func act(_ action: HTTPConnectionMachine.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .none, .append:
      break
    case .sendContinue:
      let head = HTTPResponseHead(version: .http1_1, status: .continue)
      context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
    case .answer:
      answer(context)
    case .refuse(let refusal):
      refuse(refusal, context)
    case .awaitNext:
      current = nil
    case .close:
      current = nil
      context.close(promise: nil)
    case .abandon:
      current?.task?.cancel()
      current = nil
      context.close(promise: nil)
    }
    runTimer(context)
  }

  private func refuse(_ refusal: HTTPConnectionMachine.Refusal, _ context: ChannelHandlerContext) {
    current = nil
    let response: HTTPResponse =
      switch refusal {
      case .bodyTooLarge: .text("The request's body is too large.", status: .payloadTooLarge)
      case .bodyTooSlow: .text("The request's body did not arrive in time.", status: .requestTimeout)
      }
    let bytes = response.bytes
    let head = response.head(version: .http1_1, length: bytes.readableBytes, closes: true)
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    context.write(Self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
    let connection = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
      connection.value.close(promise: nil)
    }
  }

  private func runTimer(_ context: ChannelHandlerContext) {
    guard machine.timer != runningTimer else {
      return
    }
    runningTimer = machine.timer
    restartTimer(context)
  }

  private func restartTimer(_ context: ChannelHandlerContext) {
    timer?.cancel()
    let time: TimeAmount
    switch runningTimer {
    case nil: return
    case .idle: time = configuration.idleTime
    case .body: time = configuration.bodyTime
    case .answer: time = configuration.answerTime
    }
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
      self.act(self.machine.timeRanOut(), context)
    }
  }
}

// MARK: - Answering

extension HTTPConnectionHandler {
  /// Runs the handler in a task of its own, and sends what it answers.
  private func answer(_ context: ChannelHandlerContext) {
    guard let exchange = current else {
      return
    }
    let handler = exchange.handler
    let request = exchange.request
    let logger = logger
    let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let loop = context.eventLoop
    current?.task = Task {
      let response: HTTPResponse
      do {
        response = try await handler(request)
      } catch {
        logger.error("HTTP handler failed", metadata: ["error": "\(type(of: error))", "path": "\(request.target.path)"])
        response = .text("The server could not answer.", status: .internalServerError)
      }
      loop.execute {
        let (me, context) = connection.value
        me.send(response, context)
      }
    }
  }

  private func send(_ response: HTTPResponse, _ context: ChannelHandlerContext) {
    guard let exchange = current, machine.isAnswering else {
      return  // abandoned meanwhile
    }
    let isHead = exchange.head.method == .HEAD
    switch response.body {
    case .bytes(let bytes):
      let closes = machine.answerStarts(selfDelimiting: true)
      let head = response.head(version: exchange.head.version, length: bytes.readableBytes, closes: closes)
      context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
      if !isHead && bytes.readableBytes > 0 && response.status.mayHaveResponseBody {
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
      }
      finish(whole: true, context)
    case .stream(let body):
      let chunked = exchange.head.version == .http1_1
      let closes = machine.answerStarts(selfDelimiting: chunked || isHead)
      let head = response.head(version: exchange.head.version, length: nil, closes: closes)
      context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
      if isHead {
        finish(whole: true, context)
      } else {
        context.flush()
        stream(body, context)
      }
    }
  }

  private func stream(
    _ body: @escaping @Sendable (HTTPBodyWriter) async throws -> Void, _ context: ChannelHandlerContext
  ) {
    let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let loop = context.eventLoop
    let writer = HTTPBodyWriter { piece in
      try await loop.flatSubmit { () -> EventLoopFuture<Void> in
        let (me, context) = connection.value
        guard me.machine.isAnswering else {
          return loop.makeFailedFuture(ChannelError.alreadyClosed)
        }
        me.restartTimer(context)
        return context.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(piece))))
      }.get()
    }
    let logger = logger
    current?.task = Task {
      var isWhole = true
      do {
        try await body(writer)
      } catch {
        logger.error("HTTP answer was cut", metadata: ["error": "\(type(of: error))"])
        isWhole = false
      }
      loop.execute { [isWhole] in
        let (me, context) = connection.value
        me.finish(whole: isWhole, context)
      }
    }
  }

  private func finish(whole: Bool, _ context: ChannelHandlerContext) {
    guard machine.isAnswering else {
      return  // abandoned meanwhile
    }
    let action = machine.answerEnded(whole: whole)
    guard whole else {
      // Without the last chunk the client knows that the answer was cut.
      act(action, context)
      return
    }
    current = nil
    runTimer(context)
    let sent = context.writeAndFlush(Self.wrapOutboundOut(.end(nil)))
    if action == .close {
      let connection = NIOLoopBound(context, eventLoop: context.eventLoop)
      sent.whenComplete { _ in connection.value.close(promise: nil) }
    }
  }
}

/// Fired down a connection's pipeline: end after the running exchange. NIO's own event stops at its pipelining handler,
/// which closes without telling the client.
struct HTTPDrainRequested: Sendable {}

extension HTTPTarget {
  /// What a handler of a malformed target sees.
  static let root = HTTPTarget(rootSegments: [""])
}

extension HTTPRoutes.Match {
  static func canned(_ response: HTTPResponse) -> HTTPRoutes.Match {
    HTTPRoutes.Match(handler: { _ in response }, maximumBodyBytes: nil, parameters: [:])
  }
}

extension HTTPResponse {
  var bytes: ByteBuffer {
    if case .bytes(let bytes) = body { bytes } else { ByteBuffer() }
  }

  func head(version: HTTPVersion, length: Int?, closes: Bool) -> HTTPResponseHead {
    var headers = headers
    headers.remove(name: "content-length")
    headers.remove(name: "transfer-encoding")
    headers.replaceOrAdd(name: "connection", value: closes ? "close" : "keep-alive")
    if let length, status.mayHaveResponseBody {
      headers.add(name: "content-length", value: "\(length)")
    }
    return HTTPResponseHead(version: version, status: status, headers: headers)
  }
}
