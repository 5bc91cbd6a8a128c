package import Database
import HTTP
package import Logging
import Messages
package import NIOCore
package import NIOPosix
import RPC
import ServiceLifecycle
package import UnixSignals

/// One running service: its database, server, admin pages and jobs, in the order in which they start and stop.
///
/// Start: database, migrations, the service's own building, admin pages, jobs, server, ready. Stop: not ready, server
/// drained, jobs cancelled, admin pages and database closed.
package struct ServiceProcess: Sendable {
  /// What the process is, beside its configuration.
  package struct Definition: Sendable {
    /// The service.
    package var name: ServiceName
    /// The schema's history.
    package var migrations: [Migration]
    /// Builds the service once its database is ready.
    package var build: @Sendable (ServiceContext) async throws -> ServiceParts

    /// A definition.
    package init(
      name: ServiceName, migrations: [Migration],
      build: @escaping @Sendable (ServiceContext) async throws -> ServiceParts
    ) {
      self.name = name
      self.migrations = migrations
      self.build = build
    }
  }

  /// Where the process can be reached, once it runs.
  package struct Addresses: Sendable {
    /// The gRPC server.
    package var server: SocketAddress
    /// The admin pages.
    package var admin: SocketAddress
  }

  private let definition: Definition
  private let configuration: ServiceConfiguration
  private let surroundings: Surroundings

  /// What the process takes from its machine.
  package struct Surroundings: Sendable {
    /// The clocks.
    package var time: any TimeSource
    /// The source of chance.
    package var randomness: any Randomness
    /// Event loops.
    package var group: MultiThreadedEventLoopGroup
    /// Logger.
    package var logger: Logger
    /// Metrics.
    package var metrics: MetricsRegistry

    /// Surroundings.
    package init(
      time: any TimeSource, randomness: any Randomness, group: MultiThreadedEventLoopGroup, logger: Logger,
      metrics: MetricsRegistry
    ) {
      self.time = time
      self.randomness = randomness
      self.group = group
      self.logger = logger
      self.metrics = metrics
    }
  }

  /// A process that does not run yet.
  package init(_ definition: Definition, configuration: ServiceConfiguration, surroundings: Surroundings) {
    self.definition = definition
    self.configuration = configuration
    self.surroundings = surroundings
  }

  /// Runs until the surrounding service group is told to shut down, or a part fails.
  ///
  /// - Parameters:
  ///   - signals: end the process gracefully.
  ///   - started: gets the addresses when the process is ready.
  package func run(
    signals: [UnixSignal], started: @escaping @Sendable (Addresses) -> Void = { _ in }
  ) async throws {
    let logger = surroundings.logger
    let keys = try KeyRing(configuration.identity)
    let readiness = Readiness(time: surroundings.time)
    let admin = HTTPServer(
      routes: AdminPages(readiness: readiness, metrics: surroundings.metrics).routes,
      configuration: HTTPServerConfiguration(host: configuration.admin.host, port: configuration.admin.port),
      group: surroundings.group, logger: logger)
    let adminAddress = try await admin.start()
    let database = try await startDatabase()
    readiness.watch(database)
    let context = try makeContext(database, keys)
    var parts = try await definition.build(context)
    let wakeUp = WakeUp()
    addLog(to: &parts, context, wakeUp)
    try refuseIncomplete(parts)
    let server = makeServer(parts, context)
    var group = ServiceGroupConfiguration(
      services: [
        .init(service: Closing { await database.shutdown() }),
        .init(service: Closing { await admin.drain(grace: .seconds(1)) }),
        .init(service: Closing { await context.peers.close() }),
      ], gracefulShutdownSignals: signals, logger: logger)
    group.services += parts.jobs.map { .init(service: RunningJob(job: $0, context: context)) }
    group.services.append(
      .init(
        service: RunningServer(server: server, readiness: readiness, grace: configuration.drainTime, logger: logger) {
          started(Addresses(server: $0, admin: adminAddress))
        }))
    try await ServiceGroup(configuration: group).run()
    logger.info("stopped")
  }

  private func startDatabase() async throws -> Database {
    let settings = configuration.database
    let server = ServerAddress(host: settings.host, port: settings.port, database: settings.name)
    let roles = try RoleNames(prefix: settings.rolePrefix, service: definition.name.rawValue)
    if let password = try settings.ddlPassword?.value() {
      let migrator = Migrator(
        server: server, roles: roles, ddl: Login(user: roles.ddl, password: password), logger: surroundings.logger)
      try await migrator.migrate(definition.migrations)
    }
    var databaseConfiguration = DatabaseConfiguration(
      server: server, roles: roles, password: try settings.password?.value() ?? "")
    databaseConfiguration.leases.maximumConnections = settings.connections
    let database = Database(configuration: databaseConfiguration, logger: surroundings.logger)
    try await database.start()
    return database
  }

  private func makeContext(_ database: Database, _ keys: KeyRing) throws -> ServiceContext {
    let settings = configuration.database
    let signer = PrincipalSigner(service: definition.name, key: keys.own)
    let ddl = Login(
      user: database.configuration.roles.ddl, password: try settings.ddlPassword?.value() ?? "")
    return ServiceContext(
      service: definition.name,
      copy: "\(definition.name)-\(String(surroundings.randomness.next(), radix: 16))",
      configuration: configuration, database: database,
      schema: SchemaConnection(
        server: database.configuration.server, roles: database.configuration.roles, ddl: ddl,
        logger: surroundings.logger),
      group: surroundings.group, logger: surroundings.logger, metrics: surroundings.metrics, time: surroundings.time,
      randomness: surroundings.randomness, keys: keys,
      workload: WorkloadIdentity(signer: signer, time: surroundings.time),
      peers: Peers(addresses: configuration.identity.peers, group: surroundings.group, logger: surroundings.logger),
      pageTokens: PageTokens(keys), requests: RequestLedger(time: surroundings.time))
  }

  /// The sequencer, the listening that wakes followers' streams, and the method they call.
  private func addLog(to parts: inout ServiceParts, _ context: ServiceContext, _ wakeUp: WakeUp) {
    guard parts.hasLog else {
      return
    }
    let (database, time, service) = (context.database, context.time, definition.name)
    LogServer(database: database, wakeUp: wakeUp, time: time).register(in: &parts.router)
    parts.services.append(InternalV1.EventLogService.descriptor)
    parts.jobs.append(Job("log wake-up") { await wakeUp.run(channel: Sequencer.channel(of: service), database: database) })
    let sequencer = Sequencer(service: service, database: database, time: time)
    parts.jobs.append(Job("log sequencer", under: Sequencer.lease) { try await sequencer.run(fence: $0) })
  }

  /// A method that nothing answers, or that no rule guards, would be noticed by its first caller.
  private func refuseIncomplete(_ parts: ServiceParts) throws {
    for service in parts.services {
      let unanswered = parts.router.missing(of: service) + service.methods.filter { $0.rule == nil }
      if !unanswered.isEmpty {
        let names = unanswered.map(\.path).joined(separator: ", ")
        throw ConfigurationError("This build lacks handlers or rules of methods: \(names).")
      }
    }
  }

  private func makeServer(_ parts: ServiceParts, _ context: ServiceContext) -> RPCServer {
    var interceptors: [any ServerInterceptor] = [
      CallMetrics(methods: parts.services.flatMap(\.methods), factory: context.metrics, time: context.time)
    ]
    if parts.requiresPrincipals {
      let verifier = PrincipalVerifier(service: definition.name, keys: context.keys.trusted, time: context.time)
      interceptors.append(Authentication(verifier: verifier, logger: context.logger))
    }
    return RPCServer(
      router: parts.router, interceptors: interceptors + parts.interceptors,
      configuration: ServerConfiguration(host: configuration.listen.host, port: configuration.listen.port),
      group: context.group, logger: context.logger)
  }
}

/// Holds something open until the process stops.
private struct Closing: ServiceLifecycle.Service {
  let close: @Sendable () async -> Void

  func run() async throws {
    try? await gracefulShutdown()
    await close()
  }
}

/// The gRPC server within the process.
private struct RunningServer: ServiceLifecycle.Service {
  let server: RPCServer
  let readiness: Readiness
  let grace: Duration
  let logger: Logger
  let started: @Sendable (SocketAddress) -> Void

  func run() async throws {
    let address = try await server.start()
    readiness.enter(.ready)
    logger.info("serving", metadata: ["address": "\(address)"])
    started(address)
    try? await gracefulShutdown()
    readiness.enter(.draining)
    logger.info("draining")
    await server.drain(grace: grace)
  }
}

/// A job within the process.
private struct RunningJob: ServiceLifecycle.Service {
  let job: Job
  let context: ServiceContext

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      if let lease = job.lease {
        let keeper = LeaseKeeper(
          lease: lease, holder: context.copy, database: context.database, time: context.time, logger: context.logger)
        try await keeper.run { fence in try await job.work(fence) }
      } else {
        try await repeatUntilCancelled()
      }
    }
    // A service that returns before the shutdown ends the whole group.
    try? await gracefulShutdown()
  }

  private func repeatUntilCancelled() async throws {
    var backoff = Backoff()
    while !Task.isCancelled {
      do {
        try await job.work(nil)
        backoff.succeeded()
      } catch {
        guard !Task.isCancelled else {
          return
        }
        context.logger.error("job failed", error: error, metadata: ["job": "\(job.name)"])
      }
      try await context.time.sleep(for: backoff.failed(randomness: context.randomness))
    }
  }
}
