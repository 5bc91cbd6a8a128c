import Crypto
import Logging
import NIOCore
package import RPC
import ServiceKit

/// A service's server, and a client of it.
package struct RunningServer: Sendable {
  package let client: RPCClient
  package let address: HostPort
  private let server: RPCServer

  init(
    _ service: ServiceName, _ router: Router, trusting keys: [ServiceName: [Curve25519.Signing.PublicKey]],
    time: any TimeSource
  ) async throws {
    let logger = Logger(label: "test", factory: { StreamLogHandler.standardError(label: $0) })
    let verifier = PrincipalVerifier(service: service, keys: keys, time: time)
    server = RPCServer(
      router: router, interceptors: [Authentication(verifier: verifier, logger: logger)],
      configuration: ServerConfiguration(), logger: logger)
    address = HostPort(host: "127.0.0.1", port: try await server.start().port ?? 0)
    client = RPCClient(addresses: [address], logger: logger)
  }

  func stop() async {
    await client.close()
    await server.drain(grace: .seconds(1))
  }
}
