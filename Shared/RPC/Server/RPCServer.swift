public import Logging
public import NIOCore
public import NIOPosix
import NIOSSL
import Synchronization

/// A gRPC server on HTTP/2.
///
/// Handlers run on their connection's event loop; work that blocks belongs elsewhere.
public final class RPCServer: Sendable {
  private struct State {
    var listener: (any Channel)?
    var connections: [ObjectIdentifier: any Channel] = [:]
    var isDraining = false
  }

  private let parts: ServerParts
  private let group: MultiThreadedEventLoopGroup
  private let held: HeldBytes
  private let state = Mutex(State())

  /// A server that does not listen yet. The first interceptor is the outermost.
  public init(
    router: Router, interceptors: [any ServerInterceptor] = [], configuration: ServerConfiguration,
    group: MultiThreadedEventLoopGroup = .singleton, logger: Logger
  ) {
    parts = ServerParts(
      routes: RouteTable(router), interceptors: interceptors, configuration: configuration, logger: logger)
    self.group = group
    held = HeldBytes(bound: configuration.maxHeldBytes)
  }

  /// Listens, and returns the address it listens on. To be called once.
  ///
  /// - Throws: the system's error when the address cannot be bound; NIOSSL's when the TLS material is unfit.
  public func start() async throws -> SocketAddress {
    let configuration = parts.configuration
    let tls = try configuration.tls.map { try TLSContexts($0, logger: parts.logger) }
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.accept(channel, tls) }
      }
      .bind(host: configuration.host, port: configuration.port).get()
    state.withLock { $0.listener = channel }
    guard let address = channel.localAddress else {
      throw RPCError(.internal, "The server's socket has no address.")
    }
    return address
  }

  /// Stops accepting connections, tells clients to go elsewhere (GOAWAY, RFC 9113 §6.8), lets every accepted call
  /// finish and closes; after `grace` the calls that are left are cancelled. Returns when all is closed.
  public func drain(grace: Duration) async {
    let (listener, connections) = state.withLock { state in
      state.isDraining = true
      return (state.listener, Array(state.connections.values))
    }
    try? await listener?.close().get()
    Self.tell(connections, .drain)
    let abort = group.any().scheduleTask(in: TimeAmount(grace)) { Self.tell(connections, .abort) }
    for connection in connections { try? await connection.closeFuture.get() }
    abort.cancel()
  }
}

extension RPCServer {
  private static func tell(_ connections: [any Channel], _ command: ServerConnection.Command) {
    for connection in connections { connection.triggerUserOutboundEvent(command, promise: nil) }
  }

  /// Makes a connection of a channel; throwing closes it.
  private func accept(_ channel: any Channel, _ tls: TLSContexts<ServerTLS>?) throws {
    try register(channel)
    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.current())) }
    let session = try HTTP2Session(.server, settings: parts.configuration.session)
    let connection = HTTP2Connection(
      session: session, executor: .of(channel.eventLoop), eventLoop: channel.eventLoop,
      receiveBound: parts.configuration.connectionBuffer, held: held
    ) { [parts] connection in
      ServerConnection(
        connection: connection, service: parts, peer: channel.remoteAddress?.hostAndPort ?? "unknown",
        number: .random(in: .min ... .max))
    }
    try channel.pipeline.syncOperations.addHandler(connection)
  }

  private func register(_ channel: any Channel) throws {
    let key = ObjectIdentifier(channel)
    let isWelcome = state.withLock { state in
      guard !state.isDraining, state.connections.count < parts.configuration.maxConnections else { return false }
      state.connections[key] = channel
      return true
    }
    guard isWelcome else { throw RPCError(.resourceExhausted, "The server takes no more connections.") }
    channel.closeFuture.whenComplete { _ in
      self.state.withLock { $0.connections[key] = nil }
    }
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
