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
import UserTables
import Values

@testable import Forms

/// Forms as its callers see it: on its own database, behind its own server, with the directory of Profiles at its side.
/// Its callers' principals are signed as the gateway signs them.
struct TestSuite: Sendable {
  static let customers = "entities/b2c/profileTables/customers"
  static let form = "entities/b2c/forms/win-back"
  static let b2c = Principal.Entity(id: 1, key: "b2c", timeZone: "Europe/Brussels")
  static let b2b = Principal.Entity(id: 2, key: "b2b")
  static let base = "https://pages.example.test"

  let test: TestDatabase
  let profiles: ProfilesDouble
  let client: RPCClient
  let time: ManualTime
  let rooms: Rooms
  let enricher: Enricher
  private let keys: Keys

  private struct Keys {
    let gateway = Curve25519.Signing.PrivateKey()
    let profiles = Curve25519.Signing.PrivateKey()
    let dataTables = Curve25519.Signing.PrivateKey()
    let forms = Curve25519.Signing.PrivateKey()
    let automation = Curve25519.Signing.PrivateKey()

    var trusted: [ServiceName: [Curve25519.Signing.PublicKey]] {
      [
        .gateway: [gateway.publicKey], .profiles: [profiles.publicKey], .dataTables: [dataTables.publicKey],
        .forms: [forms.publicKey], .automation: [automation.publicKey],
      ]
    }

    func key(of service: ServiceName) -> Curve25519.Signing.PrivateKey {
      switch service {
      case .profiles: profiles
      case .dataTables: dataTables
      case .forms: forms
      case .automation: automation
      default: gateway
      }
    }
  }

  /// Starts it for one test, with the profiles 1 to 20 of ``customers``.
  static func with(_ body: (TestSuite) async throws -> Void) async throws {
    await Turnstile.shared.enter()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await run(body)) } catch { outcome = .failure(error) }
    await Turnstile.shared.leave()
    try outcome.get()
  }

  private static func run(_ body: (TestSuite) async throws -> Void) async throws {
    try await TestDatabase.with(service: "forms", migrations: FormsMigrations.all) { test in
      let (keys, time, profiles) = (Keys(), ManualTime(SystemTime().now), ProfilesDouble())
      profiles.add(.customers, number: 7, profiles: 1...20)
      let server = try await Running(.profiles, profiles.router, keys.trusted, time)
      let identity = WorkloadIdentity(signer: PrincipalSigner(service: .forms, key: keys.forms), time: time)
      let directory = ProfileDirectory(client: server.client, identity: identity)
      let rooms = Rooms(
        database: test.database, forms: FormStore(database: test.database, schema: test.schemaConnection()),
        profiles: directory, links: FormLinks(base: base, secret: Array(repeating: 7, count: 32)),
        pages: PageTokens(key: SymmetricKey(size: .bits256)), requests: RequestLedger(time: time), time: time,
        randomness: SystemRandomness())
      let enricher = Enricher(
        store: EnrichmentStore(database: test.database), profiles: directory, wakeUp: rooms.wakeUp, time: time,
        logger: .quiet)
      let own = try await Running(.forms, rooms.router, keys.trusted, time)
      let suite = TestSuite(
        test: test, profiles: profiles, client: own.client, time: time, rooms: rooms, enricher: enricher, keys: keys)
      let outcome: Result<Void, any Error>
      do { outcome = .success(try await body(suite)) } catch { outcome = .failure(error) }
      for running in [own, server] { await running.stop() }
      try outcome.get()
    }
  }

  /// A server and its client.
  private struct Running {
    let server: RPCServer
    let client: RPCClient

    init(
      _ service: ServiceName, _ router: Router, _ keys: [ServiceName: [Curve25519.Signing.PublicKey]],
      _ time: any TimeSource
    ) async throws {
      let logger = Logger(label: "test", factory: { StreamLogHandler.standardError(label: $0) })
      let verifier = PrincipalVerifier(service: service, keys: keys, time: time)
      server = RPCServer(
        router: router, interceptors: [Authentication(verifier: verifier, logger: logger)],
        configuration: ServerConfiguration(), logger: logger)
      let address = try await server.start()
      client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: address.port ?? 0)], logger: logger)
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
    /// Has these grants in entities that it sees.
    case holder([Principal.Grant], [Principal.Entity])
    /// A service of the suite, for entities.
    case service(ServiceName, [Principal.Entity])
  }

  /// The options that carry a caller's principal.
  func options(_ caller: Caller) throws -> CallOptions {
    var principal = Principal(
      kind: .apiKey, subject: "keys/1", signer: .gateway, notBefore: time.now,
      expires: time.now.advanced(by: .seconds(900)))
    switch caller {
    case .writer(let entities):
      principal.entities = entities
      principal.subject = "keys/\(entities.map(\.key).joined(separator: "-"))"
      principal.grants = entities.map { .init(entity: $0.id, module: .all, rights: [.read, .write, .export]) }
    case .holder(let grants, let entities):
      (principal.entities, principal.grants) = (entities, grants)
    case .service(let service, let entities):
      principal.kind = .service
      (principal.subject, principal.signer, principal.audience) = (service.rawValue, service, .forms)
      principal.entities = entities
    }
    var options = CallOptions()
    let signer = PrincipalSigner(service: principal.signer, key: keys.key(of: principal.signer))
    options.metadata.append(PrincipalMetadata.name, bytes: try signer.sign(principal))
    options.timeout = .seconds(30)
    return options
  }

  /// Calls as who may do everything in `b2c`.
  func call<Request, Response>(
    _ method: UnaryMethod<Request, Response>, as caller: Caller = .writer([b2c]), _ fill: (inout Request) throws -> Void
  ) async throws -> Response {
    var request = Request()
    try fill(&request)
    return try await client.call(method, request, options: options(caller))
  }

  /// The error that a call is refused with.
  func refusal<Request, Response>(
    _ method: UnaryMethod<Request, Response>, as caller: Caller = .writer([b2c]), _ fill: (inout Request) throws -> Void
  ) async throws -> Refusal {
    do {
      _ = try await call(method, as: caller, fill)
      return Refusal(code: .ok, reason: nil, fields: [], message: "")
    } catch let error as RPCError {
      return Refusal(
        code: error.code, reason: error.reason, fields: error.fieldViolations.map(\.field), message: error.message)
    }
  }
}

/// How a call was refused.
struct Refusal: Equatable {
  let code: StatusCode
  let reason: String?
  /// The paths of the fields at fault.
  let fields: [String]
  let message: String
}

/// Lets so many tests at once use the cluster, whose connections are counted.
private actor Turnstile {
  static let shared = Turnstile()

  private var free = 8
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
