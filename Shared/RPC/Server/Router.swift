public import Messages

/// Which handler serves which method. A value: build it, then give it to ``RPCServer``.
public struct Router: Sendable {
  private(set) var routes: [String: Route] = [:]
  private(set) var fallbackRoute: Route?

  /// A router without methods.
  public init() {}

  /// Serves a unary method. A second handler for a method replaces the first.
  public mutating func handle<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>,
    _ handler: @escaping @Sendable (Request, Call) async throws -> Response
  ) {
    add(method.info) { exchange in
      let request: Request = try await exchange.onlyRequest()
      try await exchange.respond(handler(request, exchange.call))
    }
  }

  /// Serves a method that takes a stream and answers once.
  public mutating func handle<Request: Message, Response: Message>(
    _ method: ClientStreamingMethod<Request, Response>,
    _ handler: @escaping @Sendable (RequestStream<Request>, Call) async throws -> Response
  ) {
    add(method.info) { exchange in
      try await exchange.respond(handler(exchange.requests(), exchange.call))
    }
  }

  /// Serves a method that takes one message and answers with a stream.
  public mutating func handle<Request: Message, Response: Message>(
    _ method: ServerStreamingMethod<Request, Response>,
    _ handler: @escaping @Sendable (Request, ResponseWriter<Response>, Call) async throws -> Void
  ) {
    add(method.info) { exchange in
      let request: Request = try await exchange.onlyRequest()
      try await handler(request, exchange.responses(), exchange.call)
    }
  }

  /// Serves a method with streams both ways.
  public mutating func handle<Request: Message, Response: Message>(
    _ method: BidirectionalMethod<Request, Response>,
    _ handler: @escaping @Sendable (RequestStream<Request>, ResponseWriter<Response>, Call) async throws -> Void
  ) {
    add(method.info) { exchange in
      try await handler(exchange.requests(), exchange.responses(), exchange.call)
    }
  }

  /// Serves a method of any kind with undecoded messages, from the moment that its head has come: for a proxy, which
  /// may refuse a call before it has taken a message.
  ///
  /// - Parameter relaying: of a unary method, takes the calls that it can tell a destination of.
  public mutating func handle(
    raw method: MethodInfo, relaying: Relaying? = nil,
    _ handler: @escaping @Sendable (RawRequestStream, RawResponseWriter, Call) async throws -> Void
  ) {
    routes[method.path] = Route(method: method, path: method.path, takesOneRequest: false, relaying: relaying) {
      exchange in
      try await handler(exchange.rawRequests, exchange.rawResponses, exchange.call)
    }
  }

  /// Serves every path that no method matches, with undecoded messages.
  public mutating func fallback(
    _ handler: @escaping @Sendable (RawRequestStream, RawResponseWriter, Call) async throws -> Void
  ) {
    fallbackRoute = Route(method: nil, path: "", takesOneRequest: false) { exchange in
      try await handler(exchange.rawRequests, exchange.rawResponses, exchange.call)
    }
  }

  /// Serves `grpc.health.v1.Health`.
  public mutating func register(_ health: HealthService) {
    handle(GRPCHealthV1.Health.check) { request, _ in try health.check(request) }
    handle(GRPCHealthV1.Health.list) { _, _ in health.list() }
    handle(GRPCHealthV1.Health.watch) { request, responses, _ in try await health.watch(request, responses) }
  }

  /// Serves `grpc.reflection` (v1 and v1alpha): what these services, and reflection itself, are made of.
  public mutating func registerReflection(of services: [ServiceDescriptor]) {
    let reflection = ReflectionService(
      services + [
        GRPCReflectionV1.ServerReflection.descriptor, GRPCReflectionV1alpha.ServerReflection.descriptor,
      ])
    handle(GRPCReflectionV1.ServerReflection.serverReflectionInfo) { requests, responses, _ in
      for try await request in requests { try await responses.send(reflection.answer(request)) }
    }
    handle(GRPCReflectionV1alpha.ServerReflection.serverReflectionInfo) { requests, responses, _ in
      for try await request in requests { try await responses.send(reflection.answer(request)) }
    }
  }

  /// The methods of a service that have no handler here. A service refuses to start while there is one.
  public func missing(of service: ServiceDescriptor) -> [MethodInfo] {
    service.methods.filter { routes[$0.path] == nil }
  }

  private mutating func add(_ method: MethodInfo, run: @escaping @Sendable (ServerExchange) async throws -> Void) {
    let takesOneRequest = method.kind == .unary || method.kind == .serverStreaming
    routes[method.path] = Route(method: method, path: method.path, takesOneRequest: takesOneRequest, run: run)
  }
}

/// A method with its handler, which no longer shows the message types.
struct Route: Sendable {
  let method: MethodInfo?
  let path: String
  /// Whether the handler takes exactly one message, so that it starts when that is complete.
  let takesOneRequest: Bool
  /// Serves calls without the handler where it can.
  var relaying: Relaying?
  let run: @Sendable (ServerExchange) async throws -> Void
}
