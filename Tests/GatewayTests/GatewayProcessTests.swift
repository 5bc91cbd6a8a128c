import Database
import DatabaseTesting
import Foundation
import FoundationNetworking
import Logging
import Messages
import NIOCore
import NIOPosix
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceLifecycle
import Synchronization
import Testing

@testable import Gateway

@Suite("The gateway as a process", .timeLimit(.minutes(2)))
struct GatewayProcessTests {
  /// Tells a surrounding group of services from the process within.
  private struct Running: ServiceLifecycle.Service {
    let process: ServiceProcess
    let started: @Sendable (ServiceProcess.Addresses) -> Void

    func run() async throws { try await process.run(signals: [], started: started) }
  }

  /// Runs the process on a database that holds nothing but what the provisioner made.
  private func withProcess(
    peers: [ServiceName: HostPort], _ body: (HostPort, ServiceProcess.Addresses, _ secret: String) async throws -> Void
  ) async throws {
    try await TestDatabase.with(service: "gateway") { test in
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let files = KeyFiles(folder: folder)
      try files.prepare()
      let secret = Mutex("")
      let (login, ddl) = (test.configuration.login.password, test.ddl.password)
      try await AccessSetup.prepare(
        server: test.configuration.server, roles: test.configuration.roles,
        credentials: .init(service: "gateway", password: login, ddlPassword: ddl), logger: .silent
      ) { text in secret.withLock { $0 = text } }
      let http = try await freePort()
      let settings = try Settings(
        environment: [
          "RAPPORT_DATABASE_HOST": test.configuration.server.host,
          "RAPPORT_DATABASE_NAME": test.configuration.server.database,
          "RAPPORT_DATABASE_ROLE_PREFIX": test.configuration.roles.prefix,
          "RAPPORT_DATABASE_PASSWORD": login, "RAPPORT_DATABASE_DDL_PASSWORD": ddl,
          "RAPPORT_IDENTITY_PRIVATE_KEY_FILE": files.privateKey(of: .gateway),
          "RAPPORT_IDENTITY_PUBLIC_KEYS_FILE": files.publicKeys, "RAPPORT_HTTP_PORT": "\(http.port)",
        ], file: nil)
      var configuration = try ServiceConfiguration(from: settings)
      configuration.identity.peers = peers.mapValues { [$0] }
      let own = try GatewayConfiguration(from: settings)
      let process = ServiceProcess(
        .init(name: .gateway, migrations: Gateway.migrations) { try await Gateway($0, own).parts() },
        configuration: configuration,
        surroundings: .init(
          time: SystemTime(), randomness: SystemRandomness(), group: .singleton, logger: .silent,
          metrics: MetricsRegistry()))
      let (addresses, continuation) = AsyncStream<ServiceProcess.Addresses>.makeStream()
      let running = Running(process: process) { continuation.yield($0) }
      let group = ServiceGroup(services: [running], logger: .silent)
      async let ended: Void = group.run()
      for await address in addresses {
        try await body(http, address, secret.withLock { $0 })
        break
      }
      await group.triggerGracefulShutdown()
      try await ended
    }
  }

  private func freePort() async throws -> HostPort {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    try await channel.close()
    return HostPort(host: "127.0.0.1", port: port)
  }

  private func status(_ url: String) async throws -> Int {
    let (_, response) = try await URLSession.shared.data(from: try #require(URL(string: url)))
    return (response as? HTTPURLResponse)?.statusCode ?? 0
  }

  @Test("starts on a provisioned database, serves calls and public pages, tells when it is ready, and stops")
  func whole() async throws {
    let backend = try await RecordingBackend.start()
    try await withProcess(peers: [.profiles: backend.address]) { http, addresses, secret in
      let port = addresses.server.port ?? 0
      let client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: port)], logger: .silent)
      var exchange = AccessV1.ExchangeKeyRequest()
      exchange.secret = secret
      let token = try await client.call(AccessV1.AccessService.exchangeKey, exchange).accessToken
      _ = try await client.call(AccessV1.AccessService.createEntity, .sample("b2c"), options: .bearer(token))
      var get = ProfilesV1.GetProfileTableRequest()
      get.name = "entities/b2c/profileTables/customers"
      let answer = try await client.call(ProfilesV1.ProfileService.getProfileTable, get, options: .bearer(token))
      #expect(answer.name == get.name)
      #expect(backend.received.map(\.path) == [ProfilesV1.ProfileService.getProfileTable.info.path])
      #expect(try await client.reflectedServices().contains("rapport.profiles.v1.ProfileService"))
      // A method of a service that this deployment does not run.
      var row = TablesV1.GetRowRequest()
      row.name = "entities/b2c/customTables/orders/rows/1"
      let missing = try await refusal {
        try await client.call(TablesV1.TableService.getRow, row, options: .bearer(token))
      }
      #expect(missing == Refusal(.unavailable, "SERVICE_MISSING"))
      #expect(try await status("http://\(http)/") == 404)
      #expect(try await status("http://\(http)/healthz") == 404)
      await client.close()
    }
    await backend.stop()
  }

  @Test("is ready only while every service behind it says that it serves")
  func readiness() async throws {
    try await GatewayFixture.with { fixture in
      let checks = fixture.gateway.parts.readinessChecks
      func objections() async -> [String] {
        var all: [String] = []
        for check in checks { all += [await check.objection()].compactMap(\.self) }
        return all
      }
      #expect(await objections() == ["The service automation does not answer."])
      fixture.backend.health.set(.serving, of: "")
      #expect(await objections() == [])
      fixture.backend.health.set(.notServing, of: "")
      #expect(await objections() == ["The service automation does not answer."])
      fixture.backend.health.set(.serving, of: "")
      fixture.time.advance(by: .seconds(1))
      #expect(await objections() == ["Access cannot be read."])
      await fixture.gateway.state.look()
      await fixture.backend.stop()
      #expect(await objections() == ["The service automation does not answer."])
    }
  }
}
