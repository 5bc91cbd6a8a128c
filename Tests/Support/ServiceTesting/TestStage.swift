import Crypto
package import Database
package import DatabaseTesting
package import RPC
package import ServiceKit
package import ServiceKitTesting
import Synchronization

/// What a service under test stands on: its own database, a clock that tests move, and servers, its own and its peers'.
/// Principals are signed as the suite signs them.
package final class TestStage: Sendable {
  /// The service under test.
  package let service: ServiceName
  package let test: TestDatabase
  /// Begins at the present, which is the database's too.
  package let time = ManualTime(SystemTime().now)
  package let pages = PageTokens(key: SymmetricKey(size: .bits256))
  let keys = SigningKeys()
  private let servers = Mutex<[RunningServer]>([])

  private init(_ service: ServiceName, _ test: TestDatabase) {
    self.service = service
    self.test = test
  }

  /// Sets it up for one test, and clears it away afterwards.
  package static func with(
    _ service: ServiceName, migrations: [Migration], _ body: (TestStage) async throws -> Void
  ) async throws {
    await Turnstile.shared.enter()
    let outcome = await attempt {
      try await TestDatabase.with(service: service.rawValue, migrations: migrations) { test in
        let stage = TestStage(service, test)
        let outcome = await attempt { try await body(stage) }
        await stage.stop()
        try outcome.get()
      }
    }
    await Turnstile.shared.leave()
    try outcome.get()
  }

  /// Starts the server of the service under test, or of a peer.
  package func start(_ service: ServiceName, _ router: Router) async throws -> RunningServer {
    let server = try await RunningServer(service, router, trusting: keys.trusted, time: time)
    servers.withLock { $0.append(server) }
    return server
  }

  private func stop() async {
    for server in servers.withLock({ $0.reversed() }) { await server.stop() }
  }

  // MARK: - Parts of the service

  package var requests: RequestLedger { RequestLedger(time: time) }

  /// A started peer, as the service calls it.
  package func peer(_ service: ServiceName, _ server: RunningServer) throws -> Peer {
    Peer(service: service, client: server.client, identity: try identity)
  }

  /// How the service calls its peers.
  package var identity: WorkloadIdentity {
    get throws { WorkloadIdentity(signer: try keys.signer(service), time: time) }
  }
}

/// What a body comes to, so that something can be done before it is thrown on.
package func attempt(_ body: () async throws -> Void) async -> Result<Void, any Error> {
  do { return .success(try await body()) } catch { return .failure(error) }
}
