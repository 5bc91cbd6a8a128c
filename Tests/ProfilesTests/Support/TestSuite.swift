import Crypto
import Database
import DatabaseTesting
import Logging
import Messages
import NIOCore
import NIOPosix
import RPC
import ServiceKit
import ServiceKitTesting
import Values

@testable import Profiles

/// Profiles as its callers see it: on its own database, behind its own server, with the directory of DataTables at its
/// side. Its callers' principals are signed as the gateway signs them.
struct TestSuite: Sendable {
  static let b2c = Principal.Entity(id: 1, key: "b2c", timeZone: "Europe/Brussels")
  static let b2b = Principal.Entity(id: 2, key: "b2b")
  static let customers = "entities/b2c/profileTables/customers"

  let client: RPCClient
  /// What DataTables answers.
  let tables: TablesDouble
  let time: ManualTime
  let rooms: Rooms
  private let keys: Keys

  private struct Keys {
    let gateway = Curve25519.Signing.PrivateKey()
    let profiles = Curve25519.Signing.PrivateKey()
    let messaging = Curve25519.Signing.PrivateKey()

    var trusted: [ServiceName: [Curve25519.Signing.PublicKey]] {
      [.gateway: [gateway.publicKey], .profiles: [profiles.publicKey], .messaging: [messaging.publicKey]]
    }
  }

  /// Starts it for one test.
  ///
  /// - Parameter hasTables: whether there is a service of custom tables.
  static func with(hasTables: Bool = true, _ body: (TestSuite) async throws -> Void) async throws {
    try await TestDatabase.with(service: "profiles", migrations: ProfilesMigrations.all) { test in
      let (keys, time, tables) = (Keys(), ManualTime(SystemTime().now), TablesDouble())
      let directory = try await Running(.dataTables, tables.router, keys.trusted, time)
      let identity = WorkloadIdentity(signer: PrincipalSigner(service: .profiles, key: keys.profiles), time: time)
      let peers = Peers(
        addresses: hasTables ? [.dataTables: [directory.address]] : [:],
        group: .singleton, logger: .init(label: "test"))
      let rooms = Rooms(
        database: test.database, schema: test.schemaConnection(),
        repositories: RepositoryDirectory(peers: peers, identity: identity),
        pages: PageTokens(key: SymmetricKey(size: .bits256)), requests: RequestLedger(time: time), time: time)
      let own = try await Running(.profiles, rooms.router, keys.trusted, time)
      let suite = TestSuite(client: own.client, tables: tables, time: time, rooms: rooms, keys: keys)
      let outcome: Result<Void, any Error>
      do { outcome = .success(try await body(suite)) } catch { outcome = .failure(error) }
      await peers.close()
      for running in [own, directory] { await running.stop() }
      try outcome.get()
    }
  }

  /// A server and its client.
  private struct Running {
    let server: RPCServer
    let client: RPCClient
    let address: HostPort

    init(
      _ service: ServiceName, _ router: Router, _ keys: [ServiceName: [Curve25519.Signing.PublicKey]],
      _ time: any TimeSource
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

  // MARK: - Callers

  /// Who calls.
  enum Caller {
    /// May do everything in these entities.
    case writer([Principal.Entity])
    /// Has these grants in `b2c`.
    case holder([Principal.Grant])
    /// Messaging, for an entity.
    case messaging(Principal.Entity)
  }

  /// The options that carry a caller's principal.
  func options(_ caller: Caller) throws -> CallOptions {
    var principal = Principal(
      kind: .apiKey, subject: "keys/1", signer: .gateway, notBefore: time.now,
      expires: time.now.advanced(by: .seconds(900)))
    var key = keys.gateway
    switch caller {
    case .writer(let entities):
      principal.entities = entities
      principal.grants = entities.map { .init(entity: $0.id, module: .all, rights: [.read, .write, .export]) }
    case .holder(let grants): (principal.entities, principal.grants) = ([Self.b2c], grants)
    case .messaging(let entity):
      (principal.kind, principal.subject, principal.signer) = (.service, "messaging", .messaging)
      (principal.audience, principal.entities, key) = (.profiles, [entity], keys.messaging)
    }
    var options = CallOptions()
    options.metadata.append(
      PrincipalMetadata.name, bytes: try PrincipalSigner(service: principal.signer, key: key).sign(principal))
    options.timeout = .seconds(60)
    return options
  }

  /// Calls as who may do everything in `b2c`.
  @discardableResult
  func call<Request, Response>(
    _ method: UnaryMethod<Request, Response>, as caller: Caller = .writer([b2c]), _ fill: (inout Request) throws -> Void
  ) async throws -> Response {
    var request = Request()
    try fill(&request)
    return try await client.call(method, request, options: options(caller))
  }

  /// The error that a call is refused with: its code, reason and the fields at fault.
  func refusal<Request, Response>(
    _ method: UnaryMethod<Request, Response>, as caller: Caller = .writer([b2c]), _ fill: (inout Request) throws -> Void
  ) async throws -> Refusal {
    do {
      try await call(method, as: caller, fill)
      return Refusal(code: .ok)
    } catch let error as RPCError {
      return Refusal(code: error.code, reason: error.reason, fields: error.fieldViolations.map(\.field))
    }
  }
}

/// How a call was refused.
struct Refusal: Equatable {
  let code: StatusCode
  var reason: String?
  /// The paths of the fields at fault.
  var fields: [String] = []
}
