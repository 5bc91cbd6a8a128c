import CoreMetrics
import Database
import DatabaseTesting
import Foundation
import FoundationNetworking
import Glibc
import Logging
import Messages
import NIOCore
import NIOPosix
import RPC
import ServiceKitTesting
import Testing
import UnixSignals

@testable import ServiceKit

/// The signal belongs to the whole test process, so one test at a time.
@Suite("A whole service", .serialized)
struct ServiceProcessTests {
  private let sink = RecordingSink()
  private let folder = FileManager.default.temporaryDirectory.appending(path: "rapport-\(UUID().uuidString)").path

  /// Starts a service on a database, gives its addresses to `body`, and stops it by a signal.
  private func run(
    on test: TestDatabase, environment: [String: String] = [:],
    build: @escaping @Sendable (ServiceContext) async throws -> ServiceParts,
    _ body: (ServiceProcess.Addresses, KeyFiles) async throws -> Void
  ) async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let files = KeyFiles(folder: folder)
    try files.prepare()
    let process = ServiceProcess(
      .init(name: .profiles, migrations: LogFixture.migrations, build: build),
      configuration: try configuration(test, files, environment), surroundings: surroundings)
    let (addresses, started) = AsyncStream.makeStream(of: ServiceProcess.Addresses.self)
    let running = Task {
      defer { started.finish() }
      try await process.run(signals: [.sigusr1]) { started.yield($0) }
    }
    for await address in addresses {
      // A process that did not start gets no signal: the next test's would take it for its own.
      defer { kill(getpid(), SIGUSR1) }
      try await body(address, files)
      break
    }
    try await running.value
  }

  private func configuration(
    _ test: TestDatabase, _ files: KeyFiles, _ environment: [String: String] = [:]
  ) throws -> ServiceConfiguration {
    let server = test.configuration.server
    return try ServiceConfiguration(
      from: Settings(
        environment: [
          "RAPPORT_DATABASE_HOST": server.host, "RAPPORT_DATABASE_PORT": "\(server.port)",
          "RAPPORT_DATABASE_NAME": server.database, "RAPPORT_DATABASE_ROLE_PREFIX": "test",
          "RAPPORT_DATABASE_PASSWORD": test.configuration.login.password,
          "RAPPORT_DATABASE_DDL_PASSWORD": test.ddl.password,
          "RAPPORT_IDENTITY_PRIVATE_KEY_FILE": files.privateKey(of: .profiles),
          "RAPPORT_IDENTITY_PUBLIC_KEYS_FILE": files.publicKeys,
        ].merging(environment) { _, new in new }, file: nil))
  }

  private var surroundings: ServiceProcess.Surroundings {
    let lines = LogLines(service: "profiles", level: .info, sink: sink, time: SystemTime())
    return ServiceProcess.Surroundings(
      time: SystemTime(), randomness: SystemRandomness(), group: .singleton,
      logger: Logger(label: "test", factory: { _ in lines }), metrics: MetricsRegistry())
  }

  private func client(_ address: SocketAddress) throws -> RPCClient {
    RPCClient(
      addresses: [HostPort(host: "127.0.0.1", port: try #require(address.port))], logger: .quiet)
  }

  private func page(_ address: SocketAddress, _ path: String) async throws -> (status: Int?, text: String) {
    let port = try #require(address.port)
    let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
    let (data, response) = try await URLSession.shared.data(from: url)
    return ((response as? HTTPURLResponse)?.statusCode, String(decoding: data, as: UTF8.self))
  }

  @Test("starts with its database, answers health and its log's followers, refuses strangers, and stops by a signal")
  func whole() async throws {
    try await TestDatabase.with(service: "profiles", migrations: LogFixture.migrations) { test in
      try await run(on: test) { _ in
        var parts = ServiceParts(router: Router(), services: [])
        parts.hasLog = true
        parts.keepsRequests = true
        return parts
      } _: { addresses, files in
        let client = try client(addresses.server)
        let health = try await client.call(GRPCHealthV1.Health.check, GRPCHealthV1.HealthCheckRequest())
        #expect(health.status == .serving)
        #expect(try await page(addresses.admin, "/livez").status == 200)
        #expect(try await page(addresses.admin, "/readyz").status == 200)
        let admin = HostPort(host: "127.0.0.1", port: try #require(addresses.admin.port))
        #expect(await ReadinessQuestion(admin: admin).objection() == nil)

        let stranger = await #expect(throws: RPCError.self) {
          try await client.call(InternalV1.EventLogService.follow, InternalV1.FollowRequest()) { responses in
            for try await _ in responses {}
          }
        }
        #expect(stranger?.code == .unauthenticated)

        try await test.database.transaction(as: .worker) { try await Log.append([.sample("a")], in: $0) }
        let key = try KeyRing(
          IdentityConfiguration(
            from: Settings(
              environment: [
                "RAPPORT_IDENTITY_PRIVATE_KEY_FILE": files.privateKey(of: .automation),
                "RAPPORT_IDENTITY_PUBLIC_KEYS_FILE": files.publicKeys,
              ], file: nil)))
        let identity = WorkloadIdentity(
          signer: PrincipalSigner(service: .automation, key: key.own), time: SystemTime())
        let options = CallOptions(metadata: try identity.metadata(for: .profiles, scope: .allEntities))
        let name = try await client.call(
          InternalV1.EventLogService.follow, InternalV1.FollowRequest(), options: options
        ) { responses in
          for try await response in responses {
            if let event = response.events.first { return try event.sampleName }
          }
          return ""
        }
        #expect(name == "a")
        await client.close()

        let metrics = try await page(addresses.admin, "/metrics").text
        let method = "method=\"/rapport.internal.v1.EventLogService/Follow\""
        #expect(metrics.contains("rpc_server_calls_total{\(method),code=\"UNAUTHENTICATED\"} 1\n"))
        #expect(metrics.contains("process_resident_memory_bytes "))
      }
    }
    #expect(sink.text.contains("\"message\":\"draining\""))
    #expect(sink.text.contains("\"message\":\"stopped\""))
  }

  @Test("with certificates, peers meet by TLS only, and each shows its own")
  func certificates() async throws {
    let certificates = try await TestCertificates()
    defer { certificates.remove() }
    try await TestDatabase.with(service: "profiles", migrations: LogFixture.migrations) { test in
      try await run(on: test, environment: certificates.environment) { _ in
        ServiceParts(router: Router(), services: [])
      } _: { addresses, _ in
        let settings = try Settings(environment: certificates.environment, file: nil)
        let tls = try #require(try TLSSettings(from: settings))
        let address = HostPort(host: "localhost", port: try #require(addresses.server.port))
        let request = GRPCHealthV1.HealthCheckRequest()
        let peers = Peers(addresses: [.profiles: [address]], tls: try tls.client(), group: .singleton, logger: .quiet)
        let health = try await peers.client(of: .profiles).call(GRPCHealthV1.Health.check, request)
        #expect(health.status == .serving)
        await peers.close()
        for stranger in [nil, ClientTLS(roots: try tls.client().roots)] {
          let client = RPCClient(
            addresses: [address], configuration: ClientConfiguration(tls: stranger), logger: .quiet)
          let error = await #expect(throws: RPCError.self) {
            try await client.call(GRPCHealthV1.Health.check, request, options: CallOptions(timeout: .seconds(20)))
          }
          #expect(error?.code == .unavailable)
          await client.close()
        }
      }
    }
  }

  @Test("nothing that a caller sends reaches the log, even when the handler fails with it")
  func noValuesInLogs() async throws {
    struct Leaky: Error, CustomStringConvertible { var description: String }
    try await TestDatabase.with(service: "profiles", migrations: LogFixture.migrations) { test in
      try await run(on: test) { context in
        var router = Router()
        router.handle(AccessV1.AccessService.exchangeKey) { request, _ in
          context.logger.info("asked")
          throw Leaky(description: request.secret)
        }
        return ServiceParts(router: router, services: [])
      } _: { addresses, _ in
        let client = try client(addresses.server)
        var request = AccessV1.ExchangeKeyRequest()
        request.secret = "alice@example.test"
        let asked = request
        let error = await #expect(throws: RPCError.self) {
          try await client.call(AccessV1.AccessService.exchangeKey, asked)
        }
        #expect(error?.message.contains("alice") == false)
        await client.close()
      }
    }
    #expect(sink.text.contains("\"message\":\"asked\""))
    #expect(sink.text.contains("\"method\":\"/rapport.access.v1.AccessService/ExchangeKey\""))
    #expect(!sink.text.contains("alice"))
  }

  @Test("does not start with a method that nothing answers")
  func incomplete() async throws {
    try await TestDatabase.with(service: "profiles", migrations: LogFixture.migrations) { test in
      let error = await #expect(throws: ConfigurationError.self) {
        try await run(on: test) { _ in
          ServiceParts(router: Router(), services: [InternalV1.EventLogService.descriptor])
        } _: { _, _ in
          Issue.record("it started")
        }
      }
      #expect(error?.description.contains("EventLogService/Follow") == true)
    }
  }

  @Test("waits for a database that is not there, alive but not ready, and stops by a signal meanwhile")
  func noDatabase() async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let files = KeyFiles(folder: folder)
    try files.prepare()
    try await TestDatabase.with(service: "profiles", migrations: LogFixture.migrations) { test in
      var configuration = try configuration(test, files)
      configuration.database.host = folder
      let process = ServiceProcess(
        .init(name: .profiles, migrations: [], build: { _ in ServiceParts(router: Router(), services: []) }),
        configuration: configuration, surroundings: surroundings)
      let running = Task { try await process.run(signals: [.sigusr1]) }
      await sink.until("the database cannot be reached")
      kill(getpid(), SIGUSR1)
      try await running.value
      #expect(sink.text.contains("\"message\":\"stopped\""))
    }
  }
}
