package import Database
import HTTP
import Logging
import Messages
import RPC
package import ServiceKit

/// The way in for everyone outside: who are you, which entity, may you; then the bytes go on to the service that serves
/// the method. It also serves the administration of access itself.
package struct Gateway: Sendable {
  /// The history of the schema `gateway`.
  package static var migrations: [Migration] { AccessMigrations.all }

  private let context: ServiceContext
  private let configuration: GatewayConfiguration

  /// A gateway in its surroundings.
  package init(_ context: ServiceContext, _ configuration: GatewayConfiguration) {
    self.context = context
    self.configuration = configuration
  }

  /// Runs the gateway until it is told to stop.
  package static func run() async -> Never {
    await Service.run(.gateway, migrations: migrations) {
      try GatewayConfiguration(from: $0)
    } build: { context, configuration in
      try await Gateway(context, configuration).parts()
    }
  }

  /// What the process serves and does.
  ///
  /// - Throws: ``ContractError`` when the API has a method that cannot be guarded.
  package func parts() async throws -> ServiceParts {
    try await build().parts
  }

  /// The parts, and the state that they share.
  func build() async throws -> (parts: ServiceParts, state: AccessState) {
    let methods = try PublicMethods.ofSuite()
    let store = AccessStore(context.database)
    let state = AccessState(store: store, time: context.time, logger: context.logger)
    await state.prime()
    let tokens = TokenAuthority(key: context.keys.own)
    let authenticator = Authenticator(
      state: state, tokens: tokens, signer: PrincipalSigner(service: .gateway, key: context.keys.own),
      time: context.time, capacity: configuration.knownTokens)
    let service = AccessService(
      store: store, state: state, authenticator: authenticator, tokens: tokens, pageTokens: context.pageTokens,
      time: context.time, randomness: context.randomness)
    let proxy = Proxy(
      methods: methods, peers: context.peers, authenticator: authenticator, state: state, time: context.time)
    var router = Router()
    service.register(in: &router)
    proxy.register(in: &router)
    var parts = ServiceParts(router: router, services: [AccessV1.AccessService.descriptor])
    parts.requiresPrincipals = false
    parts.reflected = Self.publicServices(methods)
    parts.interceptors = [AccessInterceptor(methods: methods, service: service)]
    let others = context.configuration.identity.peers.keys.filter { $0 != .gateway }
    parts.readinessChecks = [ServicesCheck(peers: context.peers, services: Array(others), state: state)]
    parts.jobs = [Job("access state") { await state.run() }, publicPages]
    return (parts, state)
  }

  /// What reflection shows: all that can be called here, whoever serves it.
  private static func publicServices(_ methods: PublicMethods) -> [ServiceDescriptor] {
    let names = Set(methods.all.map(\.info.service))
    return MessageRegistry.services.filter { names.contains($0.name) }
  }

  /// The server of the public pages.
  private var publicPages: Job {
    let (context, configuration) = (context, configuration)
    return Job("public pages") {
      let server = HTTPServer(
        routes: PublicPages(peers: context.peers, identity: context.workload).routes,
        configuration: HTTPServerConfiguration(host: configuration.http.host, port: configuration.http.port),
        group: context.group, logger: context.logger)
      let address = try await server.start()
      context.logger.info("public pages", metadata: ["address": "\(address)"])
      while !Task.isCancelled { try? await context.time.sleep(for: .seconds(3_600)) }
      // In a task of its own: in the cancelled one the grace would be over at once.
      await Task { await server.drain(grace: context.configuration.drainTime) }.value
    }
  }
}
