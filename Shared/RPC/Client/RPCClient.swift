public import Logging
public import Messages
public import NIOPosix

/// A gRPC client of one service at one or more addresses.
///
/// Connects when the first call comes, gives calls to the addresses in turn, reconnects with growing waits. Any
/// number of tasks may call at once.
public final class RPCClient: Sendable {
  let addresses: [HostPort]
  let configuration: ClientConfiguration
  let group: MultiThreadedEventLoopGroup
  let logger: Logger

  /// A client; nothing connects yet. `addresses` must not be empty.
  public init(
    addresses: [HostPort], configuration: ClientConfiguration = ClientConfiguration(),
    group: MultiThreadedEventLoopGroup = .singleton, logger: Logger
  ) {
    self.addresses = addresses
    self.configuration = configuration
    self.group = group
    self.logger = logger
  }

  /// Fails what is under way with CANCELLED, closes all connections and returns when they are closed.
  public func close() async {
  }

  /// Calls a unary method.
  ///
  /// - Throws: ``RPCError``. UNAVAILABLE when no server could be reached.
  public func call<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, options: CallOptions = CallOptions()
  ) async throws -> Response {
    throw RPCError(.unimplemented, "The client does not call yet.")
  }

  /// Calls a method that takes a stream: `send` writes it, and the stream ends when `send` returns.
  public func call<Request: Message, Response: Message>(
    _ method: ClientStreamingMethod<Request, Response>, options: CallOptions = CallOptions(),
    _ send: (RequestWriter<Request>) async throws -> Void
  ) async throws -> Response {
    throw RPCError(.unimplemented, "The client does not call yet.")
  }

  /// Calls a method that answers with a stream, which is valid until `receive` returns; what it has not read by then
  /// is cancelled.
  public func call<Request: Message, Response: Message, Result>(
    _ method: ServerStreamingMethod<Request, Response>, _ request: Request, options: CallOptions = CallOptions(),
    _ receive: (ResponseStream<Response>) async throws -> Result
  ) async throws -> Result {
    throw RPCError(.unimplemented, "The client does not call yet.")
  }

  /// Calls a method with streams both ways, which are valid until `body` returns.
  public func call<Request: Message, Response: Message, Result>(
    _ method: BidirectionalMethod<Request, Response>, options: CallOptions = CallOptions(),
    _ body: (RequestWriter<Request>, ResponseStream<Response>) async throws -> Result
  ) async throws -> Result {
    throw RPCError(.unimplemented, "The client does not call yet.")
  }

  /// Calls any path with undecoded messages both ways: for a proxy.
  public func raw<Result>(
    path: String, options: CallOptions = CallOptions(),
    _ body: (RawRequestWriter, RawResponseStream) async throws -> Result
  ) async throws -> Result {
    throw RPCError(.unimplemented, "The client does not call yet.")
  }
}
