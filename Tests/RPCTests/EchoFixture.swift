import EchoService
import Logging
import NIOCore
import NIOPosix
import RPC

/// A server of ``Echo`` and a client of it, in this process, over loopback.
struct EchoFixture {
  let service: EchoService
  let server: RPCServer
  let client: RPCClient
  let port: Int

  static let logger = Logger(label: "tests")

  /// Gives the body both ends, and closes them after it.
  static func run(
    server configuration: ServerConfiguration = ServerConfiguration(),
    client clientConfiguration: ClientConfiguration = ClientConfiguration(),
    interceptors: [any ServerInterceptor] = [], router change: (inout Router) -> Void = { _ in },
    _ body: (EchoFixture) async throws -> Void
  ) async throws {
    let service = EchoService()
    var router = service.router
    change(&router)
    let server = RPCServer(
      router: router, interceptors: interceptors, configuration: configuration, logger: logger)
    let port = try await server.start().port ?? 0
    let client = RPCClient(
      addresses: [HostPort(host: "127.0.0.1", port: port)], configuration: clientConfiguration, logger: logger)
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(EchoFixture(service: service, server: server, client: client, port: port)))
    } catch {
      result = .failure(error)
    }
    await client.close()
    await server.drain(grace: .seconds(10))
    try result.get()
  }

  /// Waits until the service has counted so many of something.
  func waits(for name: String, _ count: Int = 1) async {
    while service.count(name) < count { await Task.yield() }
  }
}
