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

@testable import Automation

/// Automation as its callers see it: on its own database, behind its own server, with the other services' directories at
/// its side. Its callers' principals are signed as the gateway signs them.
struct TestSuite: Sendable {
  static let customers = "entities/b2c/profileTables/customers"
  static let companies = "entities/b2b/profileTables/companies"
  static let b2c = Principal.Entity(id: 1, key: "b2c", timeZone: "Europe/Brussels")
  static let b2b = Principal.Entity(id: 2, key: "b2b")

  let test: TestDatabase
  let neighbours: NeighboursDouble
  let client: RPCClient
  let time: ManualTime
  let rooms: Rooms
  private let keys: Keys

  private struct Keys {
    let gateway = Curve25519.Signing.PrivateKey()
    let automation = Curve25519.Signing.PrivateKey()
    let dataTables = Curve25519.Signing.PrivateKey()

    var trusted: [ServiceName: [Curve25519.Signing.PublicKey]] {
      [
        .gateway: [gateway.publicKey], .automation: [automation.publicKey], .dataTables: [dataTables.publicKey],
      ]
    }
  }

  /// Starts it for one test, with the story's tables, form and campaign.
  static func with(profiles: UInt32 = 20, _ body: (TestSuite) async throws -> Void) async throws {
    await Turnstile.shared.enter()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await run(profiles, body)) } catch { outcome = .failure(error) }
    await Turnstile.shared.leave()
    try outcome.get()
  }

  private static func run(_ profiles: UInt32, _ body: (TestSuite) async throws -> Void) async throws {
    try await TestDatabase.with(service: "automation", migrations: AutomationMigrations.all) { test in
      let (keys, time, double) = (Keys(), ManualTime(SystemTime().now), NeighboursDouble())
      double.addStory(profiles: profiles)
      let identity = WorkloadIdentity(signer: PrincipalSigner(service: .automation, key: keys.automation), time: time)
      var running: [Running] = []
      func peer(_ service: ServiceName) async throws -> Peer {
        let server = try await Running(service, double.router, keys.trusted, time)
        running.append(server)
        return Peer(service: service, client: server.client, identity: identity)
      }
      let neighbours = Neighbours(
        profiles: try await peer(.profiles), tables: try await peer(.dataTables), forms: try await peer(.forms),
        messaging: try await peer(.messaging))
      let rooms = rooms(test, test.database, neighbours, time)
      let own = try await Running(.automation, rooms.router, keys.trusted, time)
      let suite = TestSuite(
        test: test, neighbours: double, client: own.client, time: time, rooms: rooms, keys: keys)
      let outcome: Result<Void, any Error>
      do { outcome = .success(try await body(suite)) } catch { outcome = .failure(error) }
      for server in [own] + running { await server.stop() }
      try outcome.get()
    }
  }

  private static func rooms(
    _ test: TestDatabase, _ database: Database, _ neighbours: Neighbours, _ time: ManualTime
  ) -> Rooms {
    Rooms(
      database: database, scenarios: ScenarioStore(database: database, schema: test.schemaConnection()),
      neighbours: neighbours, pages: PageTokens(key: SymmetricKey(size: .bits256)),
      requests: RequestLedger(time: time), time: time, randomness: SystemRandomness(),
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  /// Another copy of the service on the same database; gives it to `body`.
  func withAnotherCopy(_ body: (Rooms) async throws -> Void) async throws {
    let database = try await test.anotherClient()
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(Self.rooms(test, database, rooms.neighbours, time)))
    } catch { outcome = .failure(error) }
    await database.shutdown()
    try outcome.get()
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
    /// Has these grants in `b2c`.
    case holder([Principal.Grant])
    /// DataTables, for an entity.
    case dataTables(Principal.Entity)
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
      principal.grants = entities.map { .init(entity: $0.id, module: .all, rights: [.read, .write, .launch]) }
    case .holder(let grants):
      (principal.entities, principal.grants) = ([Self.b2c], grants)
    case .dataTables(let entity):
      key = keys.dataTables
      principal.kind = .service
      (principal.subject, principal.signer, principal.audience) = ("datatables", .dataTables, .automation)
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
      return Refusal(
        code: error.code, reason: error.reason, fields: error.fieldViolations.map(\.field), message: error.message)
    }
  }

  // MARK: - Frequent calls

  /// Creates a scenario and activates it.
  @discardableResult
  func activate(_ id: String = "test", _ scenario: AutomationV1.Scenario) async throws -> AutomationV1.Scenario {
    _ = try await create(id, scenario)
    return try await call(AutomationV1.ScenarioService.activateScenario) { $0.name = "entities/b2c/scenarios/\(id)" }
  }

  func create(
    _ id: String = "test", _ scenario: AutomationV1.Scenario, as caller: Caller = .writer([b2c])
  ) async throws -> AutomationV1.Scenario {
    try await call(AutomationV1.ScenarioService.createScenario, as: caller) { request in
      request.parent = "entities/b2c"
      request.scenarioId = id
      request.scenario = scenario
    }
  }

  func creationRefusal(_ scenario: AutomationV1.Scenario, as caller: Caller = .writer([b2c])) async throws -> Refusal {
    try await refusal(AutomationV1.ScenarioService.createScenario, as: caller) { request in
      request.parent = "entities/b2c"
      request.scenarioId = "refused"
      request.scenario = scenario
    }
  }

  @discardableResult
  func start(
    _ id: String = "test", profile: String = "1", requestID: String = "", values: [String: TypeV1.Value] = [:]
  ) async throws -> AutomationV1.Execution {
    try await call(AutomationV1.ScenarioService.startExecution) { request in
      request.parent = "entities/b2c/scenarios/\(id)"
      request.profile = "\(Self.customers)/profiles/\(profile)"
      request.requestId = requestID
      request.values = values
    }
  }

  /// All executions of a scenario, oldest first.
  func executions(_ id: String = "test") async throws -> [AutomationV1.Execution] {
    try await call(AutomationV1.ScenarioService.listExecutions) { request in
      request.parent = "entities/b2c/scenarios/\(id)"
      request.pageSize = 1_000
    }.executions.reversed()
  }

  // MARK: - Moving on

  /// Looks at all that arrived and moves all executions that are due.
  func work() async throws {
    while try await rooms.arrivalWorker.workOnce() > 0 {}
    while try await rooms.executionWorker.workOnce() > 0 {}
  }

  /// Lets a log's events take effect, as the follower does: in the worker's role.
  func follow(_ effect: any LogEffect, _ messages: [any Message], at position: Int64 = 1) async throws {
    let events = try messages.enumerated().map { index, message in
      var event = InternalV1.LogEvent()
      event.type = type(of: message).descriptor.name
      event.body = try message.encoded()
      event.entity = Self.b2c.id
      event.profileTable = 7
      event.position = position + Int64(index)
      event.time = time.now.message
      return event
    }
    try await test.database.transaction(as: .worker) { try await effect.apply(events, in: $0) }
  }

  func follow(rows: [(Int64, UInt32)], created: Bool = true, bulk: Bool = false, at position: Int64 = 1) async throws {
    var changed = InternalV1.RowsChanged()
    changed.customTable = 31
    changed.rows = rows.map(\.0)
    changed.profiles = rows.map(\.1)
    changed.created = created
    changed.bulk = bulk
    try await follow(RowFollower(time: time), [changed], at: position)
  }

  func follow(participation: String, of profile: UInt32, created: Bool = true) async throws {
    var recorded = InternalV1.ParticipationRecorded()
    recorded.participation = participation
    recorded.profile = profile
    recorded.created = created
    try await follow(ParticipationFollower(time: time), [recorded])
  }

  /// As if the copy that holds them had died long ago.
  func expireLeases() async throws {
    for table in ["executions", "arrivals"] {
      try await test.database.write(
        Statement(
          name: "test.expire", sql: "UPDATE \(table) SET leased_until = '-infinity' WHERE leased_until IS NOT NULL"),
        [], as: .worker)
    }
  }
}

/// Lets so many tests at once use the cluster, whose connections are counted.
private actor Turnstile {
  static let shared = Turnstile()

  private var free = 6
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
}
