public import Logging
public import NIOCore
public import NIOPosix

/// A gRPC server on HTTP/2.
///
/// Handlers run on their connection's event loop; work that blocks belongs elsewhere.
public final class RPCServer: Sendable {
  let router: Router
  let interceptors: [any ServerInterceptor]
  let configuration: ServerConfiguration
  let group: MultiThreadedEventLoopGroup
  let logger: Logger

  /// A server that does not listen yet. The first interceptor is the outermost.
  public init(
    router: Router, interceptors: [any ServerInterceptor] = [], configuration: ServerConfiguration,
    group: MultiThreadedEventLoopGroup = .singleton, logger: Logger
  ) {
    self.router = router
    self.interceptors = interceptors
    self.configuration = configuration
    self.group = group
    self.logger = logger
  }

  /// Listens, and returns the address it listens on. To be called once.
  ///
  /// - Throws: the system's error when the address cannot be bound.
  public func start() async throws -> SocketAddress {
    throw RPCError(.unimplemented, "The server does not listen yet.")
  }

  /// Stops accepting connections, tells clients to go elsewhere (GOAWAY, RFC 9113 §6.8), lets every accepted call
  /// finish and closes; after `grace` the calls that are left are cancelled. Returns when all is closed.
  public func drain(grace: Duration) async {
  }
}
