public import Logging
public import NIOCore
public import NIOPosix
import NIOSSL
import Synchronization

/// A gRPC server on HTTP/2.
///
/// Handlers run on their connection's event loop; work that blocks belongs elsewhere.
public final class RPCServer: Sendable {
  private let parts: ServerParts
  private let group: MultiThreadedEventLoopGroup
  private let executors: LoopExecutors
  private let state = Mutex<(any Channel)?>(nil)

  /// A server that does not listen yet. The first interceptor is the outermost.
  public init(
    router: Router, interceptors: [any ServerInterceptor] = [], configuration: ServerConfiguration,
    group: MultiThreadedEventLoopGroup = .singleton, logger: Logger
  ) {
    parts = ServerParts(
      routes: RouteTable(router), interceptors: interceptors, configuration: configuration, logger: logger)
    self.group = group
    executors = LoopExecutors(group)
  }

  /// Listens, and returns the address it listens on. To be called once.
  ///
  /// - Throws: the system's error when the address cannot be bound; NIOSSL's when the TLS material is unfit.
  public func start() async throws -> SocketAddress {
    let configuration = parts.configuration
    let tls = try configuration.tls.map { try $0.context() }
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { [parts, executors] channel in
        channel.eventLoop.makeCompletedFuture {
          try Self.assemble(channel, parts, executors.executor(of: channel.eventLoop), tls)
        }
      }
      .bind(host: configuration.host, port: configuration.port).get()
    state.withLock { $0 = channel }
    guard let address = channel.localAddress else {
      throw RPCError(.internal, "The server's socket has no address.")
    }
    return address
  }

  /// Stops accepting connections, tells clients to go elsewhere (GOAWAY, RFC 9113 §6.8), lets every accepted call
  /// finish and closes; after `grace` the calls that are left are cancelled. Returns when all is closed.
  public func drain(grace: Duration) async {
    let channel = state.withLock { $0 }
    try? await channel?.close().get()
  }

  private static func assemble(
    _ channel: any Channel, _ parts: ServerParts, _ executor: LoopExecutor, _ tls: NIOSSLContext?
  ) throws {
    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
    let session = try HTTP2Session(.server, settings: parts.configuration.session)
    let connection = HTTP2Connection(session: session, executor: executor, eventLoop: channel.eventLoop) {
      ServerConnection(
        connection: $0, service: parts, peer: channel.remoteAddress?.hostAndPort ?? "unknown",
        number: .random(in: .min ... .max))
    }
    try channel.pipeline.syncOperations.addHandler(connection)
  }
}

extension ServerConfiguration {
  var session: HTTP2Session.Settings {
    HTTP2Session.Settings(
      maxConcurrentStreams: maxConcurrentCalls, maxHeaderListSize: maxHeaderListSize, streamWindow: streamWindow,
      connectionWindow: max(4 * streamWindow, 1 << 20), outgoingBuffer: outgoingBuffer, resetBurst: resetBurst,
      resetRate: resetRate)
  }
}

extension SocketAddress {
  /// `address:port`, or the path of a Unix socket.
  var hostAndPort: String {
    guard let ipAddress, let port else { return pathname ?? description }
    return HostPort(host: ipAddress, port: port).description
  }
}
