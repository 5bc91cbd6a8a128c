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

@testable import DataTables

/// DataTables as its callers see it: on its own database, behind its own server, with the directory of Profiles at its
/// side. Its callers' principals are signed as the gateway signs them.
struct TestSuite: Sendable {
  static let customers = "entities/b2c/profileTables/customers"
  static let b2c = Principal.Entity(id: 1, key: "b2c", timeZone: "Europe/Brussels")
  static let b2b = Principal.Entity(id: 2, key: "b2b")

  let test: TestDatabase
  let profiles: ProfilesDouble
  let client: RPCClient
  let time: ManualTime
  let rooms: Rooms
  private let keys: Keys

  private struct Keys {
    let gateway = Curve25519.Signing.PrivateKey()
    let profiles = Curve25519.Signing.PrivateKey()
    let dataTables = Curve25519.Signing.PrivateKey()
    let automation = Curve25519.Signing.PrivateKey()

    var trusted: [ServiceName: [Curve25519.Signing.PublicKey]] {
      [
        .gateway: [gateway.publicKey], .profiles: [profiles.publicKey], .dataTables: [dataTables.publicKey],
        .automation: [automation.publicKey],
      ]
    }
  }

  /// Starts it for one test.
  ///
  /// - Parameter source: of Messaging, where it records interactions.
  static func with(source: Router? = nil, _ body: (TestSuite) async throws -> Void) async throws {
    await Turnstile.shared.enter()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await run(source, body)) } catch { outcome = .failure(error) }
    await Turnstile.shared.leave()
    try outcome.get()
  }

  private static func run(_ source: Router?, _ body: (TestSuite) async throws -> Void) async throws {
    try await TestDatabase.with(service: "datatables", migrations: DataTablesMigrations.all) { test in
      let (keys, time, profiles) = (Keys(), ManualTime(SystemTime().now), ProfilesDouble())
      profiles.addTable(customers, number: 7)
      profiles.addProfiles(1...20, to: customers)
      let server = try await Running(.profiles, profiles.router, keys.trusted, time)
      let identity = WorkloadIdentity(signer: PrincipalSigner(service: .dataTables, key: keys.dataTables), time: time)
      var peers: [PeerSource] = []
      var messaging: Running?
      if let source {
        let running = try await Running(.messaging, source, keys.trusted, time)
        peers = [PeerSource(service: .messaging, client: running.client, identity: identity)]
        messaging = running
      }
      let rooms = Rooms(
        database: test.database,
        tables: CustomTableStore(
          database: test.database, schema: test.schemaConnection(), roles: test.configuration.roles),
        profiles: ProfileDirectory(client: server.client, identity: identity), sources: peers,
        pages: PageTokens(key: SymmetricKey(size: .bits256)), requests: RequestLedger(time: time))
      let own = try await Running(.dataTables, rooms.router, keys.trusted, time)
      let suite = TestSuite(test: test, profiles: profiles, client: own.client, time: time, rooms: rooms, keys: keys)
      let outcome: Result<Void, any Error>
      do { outcome = .success(try await body(suite)) } catch { outcome = .failure(error) }
      for running in [own, server, messaging] { await running?.stop() }
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
    /// A service of the suite, for an entity.
    case service(ServiceName, Principal.Entity)
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
      principal.subject = "keys/\(entities.map(\.key).joined(separator: "-"))"
      principal.grants = entities.map { .init(entity: $0.id, module: .all, rights: [.read, .write, .export]) }
    case .holder(let grants, let entities):
      (principal.entities, principal.grants) = (entities, grants)
    case .service(let service, let entity):
      key = service == .profiles ? keys.profiles : keys.automation
      principal.kind = .service
      (principal.subject, principal.signer, principal.audience) = (service.rawValue, service, .dataTables)
      principal.entities = [entity]
    }
    var options = CallOptions()
    options.metadata.append(
      PrincipalMetadata.name, bytes: try PrincipalSigner(service: principal.signer, key: key).sign(principal))
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
      return Refusal(error)
    }
  }

  // MARK: - Frequent calls

  @discardableResult
  func createTable(
    _ id: String, _ table: TablesV1.CustomTable, as caller: Caller = .writer([b2c])
  ) async throws -> TablesV1.CustomTable {
    try await call(TablesV1.TableService.createCustomTable, as: caller) { request in
      request.parent = table.profileTable.hasPrefix("entities/b2b") ? "entities/b2b" : "entities/b2c"
      request.customTableId = id
      request.customTable = table
    }
  }

  @discardableResult
  func createRow(_ table: String, _ values: [String: TypeV1.Value]) async throws -> TablesV1.Row {
    try await call(TablesV1.TableService.createRow) { request in
      request.parent = "entities/b2c/customTables/\(table)"
      request.row = .init()
      request.row?.values = values
    }
  }

  /// All rows of a table by their key's text.
  func rows(_ table: String) async throws -> [TablesV1.Row] {
    try await call(TablesV1.TableService.listRows) { request in
      request.parent = "entities/b2c/customTables/\(table)"
      request.pageSize = 1_000
    }.rows
  }

  /// Every event in the outbox, in its order.
  func events() async throws -> [(type: String, body: [UInt8], entity: Int64)] {
    let statement = Statement(name: "test.events", sql: "SELECT type, body, entity FROM log_outbox ORDER BY id")
    return try await test.database.read(statement, [], as: .worker).map {
      (try $0.text(0), try $0.bytes(1), try $0.int(2))
    }
  }
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

/// How a call was refused.
struct Refusal: Equatable {
  let code: StatusCode
  let reason: String?
  /// The paths of the fields at fault.
  let fields: [String]
  let message: String

  init(code: StatusCode, reason: String?, fields: [String], message: String) {
    self.code = code
    self.reason = reason
    self.fields = fields
    self.message = message
  }

  init(_ error: RPCError) {
    self.init(
      code: error.code, reason: error.reason, fields: error.fieldViolations.map(\.field), message: error.message)
  }
}
