import Crypto
import Database
import DatabaseTesting
import Logging
import Messages
import NIOCore
import NIOPosix
import RPC
import ServiceKitTesting
import Synchronization
import Values

@testable import Gateway
@testable import ServiceKit

/// A licence with entities, one or more copies of the gateway, and a recording service behind them for each that there is.
///
/// The gateways are built as their process builds them, on a real database; the clock stands still until a test moves it.
struct GatewayFixture: Sendable {
  let test: TestDatabase
  let time: ManualTime
  let backend: RecordingBackend
  let keys: KeyRing
  /// A client of the first copy, and others of the other copies.
  let copies: [GatewayCopy]
  /// The secret of the administrator's key.
  let administrator: String

  var gateway: GatewayCopy { copies[0] }

  /// Gives a licence with the entities `b2c`, `b2b` and `b2g` to a test.
  static func with(copies count: Int = 1, _ body: (GatewayFixture) async throws -> Void) async throws {
    try await TestDatabase.with(service: "gateway", migrations: Gateway.migrations) { test in
      let time = ManualTime(SystemTime().now)
      let backend = try await RecordingBackend.start()
      let secret = Mutex("")
      _ = try await AccessSetup(database: test.database, time: time).ensureAdministrator { text in
        secret.withLock { $0 = text }
      }
      let own = Curve25519.Signing.PrivateKey()
      let keys = KeyRing(own: own, trusted: [.gateway: [own.publicKey]])
      var copies: [GatewayCopy] = []
      for _ in 0..<count {
        let database = try await test.anotherClient()
        copies.append(try await GatewayCopy.start(database: database, keys: keys, time: time, backend: backend))
      }
      let fixture = GatewayFixture(
        test: test, time: time, backend: backend, keys: keys, copies: copies, administrator: secret.withLock { $0 })
      for id in ["b2c", "b2b", "b2g"] { _ = try await fixture.createEntity(id) }
      let result: Result<Void, any Error>
      do { result = .success(try await body(fixture)) } catch { result = .failure(error) }
      for copy in copies { await copy.stop() }
      await backend.stop()
      try result.get()
    }
  }

  /// A token of the administrator.
  func administratorToken() async throws -> String { try await token(administrator) }

  /// A token for a secret.
  func token(_ secret: String) async throws -> String {
    var request = AccessV1.ExchangeKeyRequest()
    request.secret = secret
    return try await gateway.client.call(AccessV1.AccessService.exchangeKey, request).accessToken
  }

  /// Makes an entity.
  @discardableResult
  func createEntity(_ id: String, requestID: String = "") async throws -> AccessV1.Entity {
    let request = AccessV1.CreateEntityRequest.sample(id, requestID: requestID)
    return try await gateway.call(AccessV1.AccessService.createEntity, request, try await administratorToken())
  }

  /// Makes a key with grants, each `entity:module:right`, by the enums' names without prefix.
  func createKey(_ grants: String..., expires: Timestamp? = nil) async throws -> AccessV1.CreateKeyResponse {
    var request = AccessV1.CreateKeyRequest()
    var key = AccessV1.Key.sample(grants)
    key.expireTime = expires.map(GoogleProtobuf.Timestamp.init)
    request.key = key
    return try await gateway.call(AccessV1.AccessService.createKey, request, try await administratorToken())
  }

  /// A token of a new key with grants.
  func token(granted grants: String...) async throws -> String {
    var request = AccessV1.CreateKeyRequest()
    request.key = AccessV1.Key.sample(grants)
    let response = try await gateway.call(
      AccessV1.AccessService.createKey, request, try await administratorToken())
    return try await token(response.secret)
  }

  /// Revokes a key.
  func revoke(_ key: String) async throws {
    var request = AccessV1.RevokeKeyRequest()
    request.name = key
    _ = try await gateway.call(AccessV1.AccessService.revokeKey, request, try await administratorToken())
  }

  /// Moves the clock, and waits until every copy has looked since: otherwise they would let nobody in.
  func wait(_ duration: Duration) async throws {
    time.advance(by: duration)
    for copy in copies { await copy.state.look() }
  }

  /// Runs statements as the cluster's superuser.
  func asSuperuser<Result: Sendable>(_ body: (Database) async throws -> Result) async throws -> Result {
    let database = try await test.cluster.administratorClient(database: test.configuration.server.database)
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body(database)) } catch { result = .failure(error) }
    await database.shutdown()
    return try result.get()
  }
}

/// One copy of the gateway, running.
struct GatewayCopy: Sendable {
  let context: ServiceContext
  let parts: ServiceParts
  let state: AccessState
  let server: RPCServer
  let client: RPCClient
  let database: Database
  private let jobs: Task<Void, Never>

  static func start(
    database: Database, keys: KeyRing, time: ManualTime, backend: RecordingBackend
  ) async throws -> GatewayCopy {
    let context = try ServiceContext.sample(database: database, keys: keys, time: time, backend: backend)
    let gateway = Gateway(context, try GatewayConfiguration(from: Settings(environment: [:], file: nil)))
    let built = try await gateway.build()
    var router = built.parts.router
    router.registerReflection(of: built.parts.reflected ?? built.parts.services)
    let server = RPCServer(
      router: router, interceptors: built.parts.interceptors, configuration: ServerConfiguration(),
      logger: context.logger)
    let port = try await server.start().port ?? 0
    let jobs = Task {
      await withTaskGroup(of: Void.self) { tasks in
        for job in built.parts.jobs { tasks.addTask { try? await job.work(nil) } }
      }
    }
    let client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: port)], logger: context.logger)
    return GatewayCopy(
      context: context, parts: built.parts, state: built.state, server: server, client: client, database: database,
      jobs: jobs)
  }

  func stop() async {
    await client.close()
    await server.drain(grace: .seconds(5))
    jobs.cancel()
    await jobs.value
    await context.peers.close()
    await database.shutdown()
  }

  /// Calls a unary method with a token; none when it is empty.
  func call<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, _ token: String
  ) async throws -> Response {
    try await client.call(method, request, options: .bearer(token))
  }

  /// Calls any method with messages as bytes, and gives the answers.
  func raw(_ method: MethodInfo, _ messages: [[UInt8]], _ token: String) async throws -> [[UInt8]] {
    try await client.raw(path: method.path, options: .bearer(token)) { writer, responses in
      for message in messages { try await writer.send(ByteBuffer(bytes: message)) }
      try await writer.finish()
      var answers: [[UInt8]] = []
      while let answer = try await responses.next() { answers.append(Array(answer.readableBytesView)) }
      return answers
    }
  }
}

extension CallOptions {
  /// Options with an access token, unless it is empty.
  static func bearer(_ token: String) -> CallOptions {
    var options = CallOptions()
    if !token.isEmpty { options.metadata.append("authorization", "Bearer \(token)") }
    return options
  }
}

extension ServiceContext {
  /// The gateway's, with one backend as every other service.
  static func sample(
    database: Database, keys: KeyRing, time: ManualTime, backend: RecordingBackend
  ) throws -> ServiceContext {
    let settings = try Settings(
      environment: ["RAPPORT_IDENTITY_PRIVATE_KEY_FILE": "/none", "RAPPORT_IDENTITY_PUBLIC_KEYS_FILE": "/none"],
      file: nil)
    var configuration = try ServiceConfiguration(from: settings)
    for service in ServiceName.allCases where service != .gateway {
      configuration.identity.peers[service] = [backend.address]
    }
    let logger = Logger.silent
    return ServiceContext(
      service: .gateway, copy: "gateway-test", configuration: configuration, database: database,
      schema: SchemaConnection(
        server: database.configuration.server, roles: database.configuration.roles, ddl: Login(user: "", password: ""),
        logger: logger),
      group: .singleton, logger: logger, metrics: MetricsRegistry(), time: time, randomness: SystemRandomness(),
      keys: keys,
      workload: WorkloadIdentity(signer: PrincipalSigner(service: .gateway, key: keys.own), time: time),
      peers: Peers(addresses: configuration.identity.peers, group: .singleton, logger: logger),
      pageTokens: PageTokens(keys), requests: RequestLedger(time: time))
  }
}

extension Logger {
  /// Writes nothing.
  static var silent: Logger { Logger(label: "gateway tests") { _ in SwiftLogNoOpLogHandler() } }
}

extension RPCClient {
  /// The services that reflection lists.
  func reflectedServices() async throws -> Set<String> {
    var request = GRPCReflectionV1.ServerReflectionRequest()
    request.messageRequest = .listServices("")
    let answer = try await call(GRPCReflectionV1.ServerReflection.serverReflectionInfo) { writer, responses in
      try await writer.send(request)
      try await writer.finish()
      for try await response in responses { return response.messageResponse }
      return nil
    }
    guard case .listServicesResponse(let list) = answer else { return [] }
    return Set(list.service.map(\.name))
  }
}
