package import Logging
package import NIOCore
import NIOHTTP1
package import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP/1.1 server for short exchanges: an admin page, a form, a tracking pixel (RFC 9112).
///
/// A request's body is collected, within a limit, before its handler runs; an answer may be streamed. Sizes and times
/// are bounded by ``HTTPServerConfiguration``. One connection carries any number of requests, one at a time.
package final class HTTPServer: Sendable {
  private let routes: HTTPRoutes
  private let configuration: HTTPServerConfiguration
  private let group: MultiThreadedEventLoopGroup
  private let logger: Logger
  private let connections: Mutex<Connections>

  /// What is open now. Handlers report to it from their event loops.
  private struct Connections {
    var listener: (any Channel)?
    var open: [ObjectIdentifier: any Channel] = [:]
    var isDraining = false
  }

  /// Makes a server that does not listen yet.
  package init(
    routes: HTTPRoutes,
    configuration: HTTPServerConfiguration,
    group: MultiThreadedEventLoopGroup,
    logger: Logger
  ) {
    self.routes = routes
    self.configuration = configuration
    self.group = group
    self.logger = logger
    self.connections = Mutex(Connections())
  }

  /// Binds, and serves from then on.
  ///
  /// - Returns: The address in use; with port 0 in the configuration the system chose the port.
  /// - Throws: When the address cannot be bound, or the TLS configuration cannot be used.
  package func start() async throws -> SocketAddress {
    let tls = try configuration.tls.map { try NIOSSLContext(configuration: $0) }
    let listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.accept(channel, tls: tls) }
      }
      .bind(host: configuration.host, port: configuration.port).get()
    connections.withLock { $0.listener = listener }
    guard let address = listener.localAddress else {
      throw ChannelError.unknownLocalAddress
    }
    return address
  }

  /// Stops accepting, lets running exchanges end, then closes.
  ///
  /// - Parameter grace: how long running exchanges may take; what is open after that is closed.
  package func drain(grace: Duration) async {
    let (listener, open) = connections.withLock { state in
      state.isDraining = true
      return (state.listener, Array(state.open.values))
    }
    try? await listener?.close()
    for channel in open {
      channel.pipeline.fireUserInboundEventTriggered(HTTPDrainRequested())
    }
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        for channel in open {
          try? await channel.closeFuture.get()
        }
      }
      tasks.addTask { try? await Task.sleep(for: grace) }
      await tasks.next()
      for channel in open {
        channel.close(promise: nil)
      }
      tasks.cancelAll()
    }
  }

  private func accept(_ channel: any Channel, tls: NIOSSLContext?) throws {
    let pipeline = channel.pipeline.syncOperations
    if let tls {
      try pipeline.addHandler(NIOSSLServerHandler(context: tls))
    }
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = configuration.maximumHeaderBytes
    limits.maxHeaderListSize = configuration.maximumHeaderBytes
    limits.maxHeaderFieldCount = configuration.maximumHeaderCount
    try pipeline.configureHTTPServerPipeline(
      withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
    try pipeline.addHandler(
      HTTPConnectionHandler(routes: routes, configuration: configuration, logger: logger))
    keep(channel)
  }

  private func keep(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    let accepted = connections.withLock { state in
      if !state.isDraining && state.open.count < configuration.maximumConnections {
        state.open[id] = channel
        return true
      }
      return false
    }
    if accepted {
      channel.closeFuture.whenComplete { _ in
        self.connections.withLock { _ = $0.open.removeValue(forKey: id) }
      }
    } else {
      channel.close(promise: nil)
    }
  }
}
