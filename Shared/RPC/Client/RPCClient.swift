public import Logging
public import Messages
import NIOCore
public import NIOPosix
import NIOSSL

/// A gRPC client of one service at one or more addresses.
///
/// Connects when the first call comes, gives calls to the addresses in turn, reconnects with growing waits. Any
/// number of tasks may call at once. A call that no server saw is made again on another connection.
///
/// Each event loop of the group has a connection of its own to each address once a call is made on it, so that a call
/// made while serving another one changes no thread. Calls from elsewhere share one loop's connections.
///
/// A call made while serving another one (``Call/current``) inherits its deadline, unless its own is earlier, and its
/// `x-request-id`, unless it has one.
public final class RPCClient: Sendable {
  private let pools: [ObjectIdentifier: ConnectionPool]
  private let shared: ConnectionPool
  private let configuration: ClientConfiguration

  /// A client; nothing connects yet. `addresses` must not be empty. Must be closed in the end.
  ///
  /// TLS material that is unfit shows as UNAVAILABLE, with NIOSSL's error as the cause.
  public init(
    addresses: [HostPort], configuration: ClientConfiguration = ClientConfiguration(),
    group: MultiThreadedEventLoopGroup = .singleton, logger: Logger
  ) {
    precondition(!addresses.isEmpty, "A client needs an address.")
    self.configuration = configuration
    let tls = configuration.tls.map { tls in Result { try TLSContexts(tls, logger: logger) } }
    let parts = addresses.map { address in
      ClientParts(address: address, configuration: configuration, tls: tls, logger: logger)
    }
    func pool(_ loop: any EventLoop) -> ConnectionPool {
      ConnectionPool(parts: parts, configuration: configuration, loop: loop)
    }
    let sharing = group.next()
    shared = pool(sharing)
    var pools = [ObjectIdentifier(sharing): shared]
    for loop in group.makeIterator() where loop !== sharing { pools[ObjectIdentifier(loop)] = pool(loop) }
    self.pools = pools
  }

  /// The connections of the loop that this runs on.
  private var pool: ConnectionPool {
    guard pools.count > 1, let loop = MultiThreadedEventLoopGroup.currentEventLoop else { return shared }
    return pools[ObjectIdentifier(loop)] ?? shared
  }

  /// Fails what is under way with CANCELLED, closes all connections and returns when they are closed.
  public func close() async {
    for pool in pools.values { await pool.close() }
  }

  /// Calls a unary method.
  ///
  /// - Throws: ``RPCError``. UNAVAILABLE when no server could be reached.
  public func call<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, options: CallOptions = CallOptions()
  ) async throws -> Response {
    let response = try await single(method.info.path, try frame(request, options), options)
    return try Response(decodingResponse: response.message)
  }

  /// Calls a method that takes a stream: `send` writes it, and the stream ends when `send` returns. What is sent
  /// after the server has answered goes nowhere, which is no error.
  public func call<Request: Message, Response: Message>(
    _ method: ClientStreamingMethod<Request, Response>, options: CallOptions = CallOptions(),
    _ send: (RequestWriter<Request>) async throws -> Void
  ) async throws -> Response {
    try await withExchange(method.info.path, options) { exchange in
      try await send(RequestWriter(raw: RawRequestWriter(exchange: exchange)))
      try await exchange.halfClose()
      return try Response(decodingResponse: try await exchange.onlyResponse())
    }
  }

  /// Calls a method that answers with a stream, which is valid until `receive` returns; what it has not read by then
  /// is cancelled.
  public func call<Request: Message, Response: Message, Result>(
    _ method: ServerStreamingMethod<Request, Response>, _ request: Request, options: CallOptions = CallOptions(),
    _ receive: (ResponseStream<Response>) async throws -> Result
  ) async throws -> Result {
    try await withExchange(method.info.path, options, request: try frame(request, options)) { exchange in
      try await receive(ResponseStream(raw: RawResponseStream(exchange: exchange)))
    }
  }

  /// Calls a method with streams both ways, which are valid until `body` returns.
  public func call<Request: Message, Response: Message, Result>(
    _ method: BidirectionalMethod<Request, Response>, options: CallOptions = CallOptions(),
    _ body: (RequestWriter<Request>, ResponseStream<Response>) async throws -> Result
  ) async throws -> Result {
    try await withExchange(method.info.path, options) { exchange in
      try await body(
        RequestWriter(raw: RawRequestWriter(exchange: exchange)),
        ResponseStream(raw: RawResponseStream(exchange: exchange)))
    }
  }

  /// Calls any path with undecoded messages both ways: for a proxy. Metadata is sent as it is given.
  public func raw<Result>(
    path: String, options: CallOptions = CallOptions(),
    _ body: (RawRequestWriter, RawResponseStream) async throws -> Result
  ) async throws -> Result {
    try await withExchange(path, options) { exchange in
      try await body(RawRequestWriter(exchange: exchange), RawResponseStream(exchange: exchange))
    }
  }
}

extension RPCClient {
  /// Passes a call on for a server's connection, on its loop.
  ///
  /// - Returns: nil when that loop has no connection that is ready, or the request may not be sent; then `ended` is not
  ///   called.
  func relay(
    _ path: String, _ request: ByteBuffer, _ options: CallOptions,
    _ ended: @escaping (Result<RawResponse, RPCError>) -> Void
  ) -> RelayedCall? {
    guard let connection = pool.readyHere(),
      let framed = try? FramedMessage(
        request, maxSize: configuration.maxRequestSize, compression: options.compression)
    else { return nil }
    let headers = RequestHeaders(path: path, metadata: options.metadata, compression: options.compression)
    return connection.relay(headers, framed, deadline: options.deadline, ended)
  }

  private func frame(_ request: some Message, _ options: CallOptions) throws -> FramedMessage {
    try FramedMessage(request, maxSize: configuration.maxRequestSize, compression: options.compression)
  }

  private func single(
    _ path: String, _ message: FramedMessage, _ options: CallOptions
  ) async throws -> RawResponse {
    let headers = RequestHeaders(path, options, serving: Call.current)
    let deadline = options.deadline(serving: Call.current)
    var attempt = 0
    while true {
      attempt += 1
      if attempt > 2 { try await Self.pause(before: attempt) }
      let connection = try await pool.connection(deadline: deadline, waitsForReady: options.waitsForReady)
      do {
        return try await connection.single(headers, message, deadline: deadline)
      } catch let error as RPCError where error.isUnseen && attempt < configuration.maxAttempts {
        continue
      }
    }
  }

  /// Lets the reason go away for which servers refused the call.
  static func pause(before attempt: Int) async throws {
    do {
      try await Task.sleep(for: BackOff.pauseBeforeAttempt(attempt))
    } catch {
      throw RPCError.callerCancelled
    }
  }

  /// Runs `body` with an exchange, which ends with it.
  private func withExchange<Result>(
    _ path: String, _ options: CallOptions, request: FramedMessage? = nil,
    _ body: (ClientExchange) async throws -> Result
  ) async throws -> Result {
    let exchange = ClientExchange(
      pool: pool, configuration: configuration, headers: RequestHeaders(path, options, serving: Call.current),
      deadline: options.deadline(serving: Call.current), waitsForReady: options.waitsForReady, request: request)
    defer { exchange.cancel() }
    do {
      return try await body(exchange)
    } catch is CancellationError {
      throw RPCError.callerCancelled
    }
  }
}

extension RequestHeaders {
  init(_ path: String, _ options: CallOptions, serving call: Call?) {
    var metadata = options.metadata
    if let call, !metadata.contains("x-request-id") { metadata.append("x-request-id", call.id) }
    self.init(path: path, metadata: metadata, compression: options.compression)
  }
}

extension CallOptions {
  fileprivate func deadline(serving call: Call?) -> Deadline? {
    let own = Self.earlier(deadline, timeout.map { Deadline(in: $0) })
    return Self.earlier(own, call?.deadline)
  }

  private static func earlier(_ first: Deadline?, _ second: Deadline?) -> Deadline? {
    guard let first, let second else { return first ?? second }
    return min(first, second)
  }
}
