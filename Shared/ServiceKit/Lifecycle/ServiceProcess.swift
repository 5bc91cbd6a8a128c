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
/// Start: admin pages, database (waited for as long as it takes), migrations, the service's own building, jobs, server,
/// ready. Stop: not ready, server drained, jobs cancelled, peers, database and admin pages closed.
package struct ServiceProcess: Sendable {
  /// What the process is, beside its configuration.
  package struct Definition: Sendable {
    /// The service.
    package var name: ServiceName
    /// The schema's history.
    package var migrations: [Migration]
    /// Whether some of its statements are meant to read tables through, as one that looks at all profiles does.
    package var scansTables: Bool
    /// Builds the service once its database is ready.
    package var build: @Sendable (ServiceContext) async throws -> ServiceParts

    /// A definition.
    package init(
      name: ServiceName, migrations: [Migration], scansTables: Bool = false,
      build: @escaping @Sendable (ServiceContext) async throws -> ServiceParts
    ) {
      self.name = name
      self.migrations = migrations
      self.scansTables = scansTables
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
    /// The same, where it is to be put right by the database's.
    package var clock: DatabaseTime?
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

  /// Runs until a signal, or until the surrounding service group is told to shut down.
  ///
  /// - Parameters:
  ///   - signals: end the process gracefully.
  ///   - started: gets the addresses when the process is ready.
  /// - Throws: ``ConfigurationError``; ``DatabaseError`` other than that the database cannot be reached; what the
  ///   service's own building throws.
  package func run(
    signals: [UnixSignal], started: @escaping @Sendable (Addresses) -> Void = { _ in }
  ) async throws {
    let whole = WholeProcess(process: self, started: started)
    let group = ServiceGroupConfiguration(
      services: [
        .init(service: whole, successTerminationBehavior: .gracefullyShutdownGroup)
      ], gracefulShutdownSignals: signals, logger: surroundings.logger)
    try await ServiceGroup(configuration: group).run()
  }

  fileprivate func runUntilShutdown(_ started: @Sendable (Addresses) -> Void) async throws {
    let keys = try KeyRing(configuration.identity)
    let readiness = Readiness(time: surroundings.time)
    let admin = HTTPServer(
      routes: AdminPages(readiness: readiness, metrics: surroundings.metrics).routes,
      configuration: HTTPServerConfiguration(host: configuration.admin.host, port: configuration.admin.port),
      group: surroundings.group, logger: surroundings.logger)
    let adminAddress = try await admin.start()
    do {
      // Nothing serves yet, so a signal may cancel what is under way.
      let built = try await cancelWhenGracefulShutdown { try await build(keys, readiness) }
      do {
        try await serve(built, readiness) { started(Addresses(server: $0, admin: adminAddress)) }
      } catch {
        await close(built.context)
        throw error
      }
      await close(built.context)
    } catch is CancellationError {
      // Told to stop while starting.
    } catch {
      await admin.drain(grace: .zero)
      throw error
    }
    await admin.drain(grace: .seconds(1))
    surroundings.logger.info("stopped")
  }

  /// What is there before the first call.
  private struct Built: Sendable {
    var context: ServiceContext
    var parts: ServiceParts
    var health: HealthService
  }

  private func build(_ keys: KeyRing, _ readiness: Readiness) async throws -> Built {
    let database = try await startDatabase()
    do {
      try await surroundings.clock?.putRight(
        by: database, logger: surroundings.logger, metrics: surroundings.metrics)
      let context = try makeContext(database, keys)
      var parts = try await definition.build(context)
      addLog(to: &parts, context, readiness)
      addSweep(to: &parts, context)
      addClock(to: &parts, context)
      try refuseIncomplete(parts)
      for check in [DatabaseCheck(database) as any ReadinessCheck] + parts.readinessChecks {
        readiness.require(check)
      }
      let health = HealthService()
      parts.router.register(health)
      parts.router.registerReflection(of: [GRPCHealthV1.Health.descriptor] + (parts.reflected ?? parts.services))
      return Built(context: context, parts: parts, health: health)
    } catch {
      await database.shutdown()
      throw error
    }
  }

  private func serve(_ built: Built, _ readiness: Readiness, started: (SocketAddress) -> Void) async throws {
    let (context, parts, health) = (built.context, built.parts, built.health)
    let logger = surroundings.logger
    let server = try makeServer(parts, context)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for job in parts.jobs {
        group.addTask { await job.run(in: context) }
      }
      let address = try await server.start()
      for service in [""] + parts.services.map(\.name) {
        health.set(.serving, of: service)
      }
      readiness.enter(.ready)
      logger.info("serving", metadata: ["address": "\(address)"])
      started(address)
      try? await gracefulShutdown()
      readiness.enter(.draining)
      health.shutDown()
      logger.info("draining")
      await server.drain(grace: configuration.drainTime)
      group.cancelAll()
    }
  }

  private func close(_ context: ServiceContext) async {
    await context.peers.close()
    await context.database.shutdown()
  }

  /// Connects and migrates. A database that is not there yet is waited for.
  private func startDatabase() async throws -> Database {
    var backoff = Backoff()
    while true {
      do {
        return try await connect()
      } catch let error as DatabaseError where error.kind == .unavailable || error.kind == .connectionLost {
        surroundings.logger.warning("the database cannot be reached", error: error)
        try await surroundings.time.sleep(for: backoff.failed(randomness: surroundings.randomness))
      }
    }
  }

  private func connect() async throws -> Database {
    let settings = configuration.database
    let server = settings.server
    let roles = try RoleNames(prefix: settings.rolePrefix, service: definition.name.rawValue)
    var databaseConfiguration = DatabaseConfiguration(
      server: server, roles: roles, password: try settings.password?.value() ?? "")
    // Short, since it is tried again, and each failure is logged.
    databaseConfiguration.startupWait = .seconds(2)
    databaseConfiguration.scansTables = definition.scansTables
    databaseConfiguration.leases.maximumConnections = settings.connections
    let database = Database(configuration: databaseConfiguration, logger: surroundings.logger)
    try await database.start()
    do {
      try await migrate(server, roles)
      return database
    } catch {
      await database.shutdown()
      throw error
    }
  }

  /// Brings the schema up to date, where the login that may is configured.
  private func migrate(_ server: ServerAddress, _ roles: RoleNames) async throws {
    guard let password = try configuration.database.ddlPassword?.value() else {
      return
    }
    let migrator = Migrator(
      server: server, roles: roles, ddl: Login(user: roles.ddl, password: password), logger: surroundings.logger)
    try await migrator.migrate(definition.migrations)
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
      peers: Peers(
        addresses: configuration.identity.peers, tls: try configuration.tls?.client(),
        keepalive: configuration.peerKeepalive, group: surroundings.group, logger: surroundings.logger),
      pageTokens: PageTokens(keys), requests: RequestLedger(time: surroundings.time))
  }

  /// The sequencer, the listening that wakes followers' streams, and the method they call.
  private func addLog(to parts: inout ServiceParts, _ context: ServiceContext, _ readiness: Readiness) {
    guard parts.hasLog else {
      return
    }
    let wakeUp = WakeUp()
    let (database, time, service) = (context.database, context.time, definition.name)
    LogServer(database: database, wakeUp: wakeUp, time: time) { readiness.phase == .draining }
      .register(in: &parts.router)
    parts.services.append(InternalV1.EventLogService.descriptor)
    parts.jobs.append(
      Job("log wake-up") { await wakeUp.run(channel: Sequencer.channel(of: service), database: database) })
    let sequencer = Sequencer(service: service, database: database, time: time, metrics: context.metrics)
    parts.jobs.append(Job("log sequencer", under: Sequencer.lease) { try await sequencer.run(fence: $0) })
  }

  /// Forgets old requests, once an hour.
  private func addSweep(to parts: inout ServiceParts, _ context: ServiceContext) {
    guard parts.keepsRequests else {
      return
    }
    let (database, time, requests) = (context.database, context.time, context.requests)
    parts.jobs.append(
      Job("request sweep", under: Lease(name: "requests/sweep")) { _ in
        while !Task.isCancelled {
          while try await requests.sweep(in: database) {}
          try await time.sleep(for: .seconds(3_600))
        }
      })
  }

  /// The comparison of the clocks.
  private func addClock(to parts: inout ServiceParts, _ context: ServiceContext) {
    guard let clock = surroundings.clock else { return }
    parts.jobs.append(
      Job("clock") {
        try await clock.keepRight(by: context.database, logger: context.logger, metrics: context.metrics)
      })
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

  private func makeServer(_ parts: ServiceParts, _ context: ServiceContext) throws -> RPCServer {
    var interceptors: [any ServerInterceptor] = [
      CallMetrics(
        methods: (parts.reflected ?? parts.services).flatMap(\.methods), factory: context.metrics, time: context.time),
      DatabaseFailures(),
    ]
    if parts.requiresPrincipals {
      let verifier = PrincipalVerifier(service: definition.name, keys: context.keys.trusted, time: context.time)
      interceptors.append(Authentication(verifier: verifier, logger: context.logger))
    }
    var server = ServerConfiguration(
      host: configuration.listen.host, port: configuration.listen.port, tls: try configuration.tls?.server())
    // A principal of the gateway lists each entity that the caller sees: some 100 bytes each.
    if parts.requiresPrincipals { server.maxHeaderListSize = 128 << 10 }
    return RPCServer(
      router: parts.router, interceptors: interceptors + parts.interceptors, configuration: server,
      group: context.group, logger: context.logger)
  }
}

/// The process as the lifecycle library runs it.
private struct WholeProcess: ServiceLifecycle.Service {
  let process: ServiceProcess
  let started: @Sendable (ServiceProcess.Addresses) -> Void

  func run() async throws {
    try await process.runUntilShutdown(started)
  }
}

extension Job {
  /// Does the work until the task is cancelled, again after a pause whenever it ends.
  fileprivate func run(in context: ServiceContext) async {
    if let lease {
      let keeper = LeaseKeeper(
        lease: lease, holder: context.copy, database: context.database, time: context.time, logger: context.logger)
      try? await keeper.run { fence in try await work(fence) }
    } else {
      try? await repeatWork(in: context)
    }
  }

  private func repeatWork(in context: ServiceContext) async throws {
    var backoff = Backoff()
    while !Task.isCancelled {
      do {
        try await work(nil)
        backoff.succeeded()
      } catch {
        try Task.checkCancellation()
        context.logger.error("job failed", error: error, metadata: ["job": "\(name)"])
      }
      try await context.time.sleep(for: backoff.failed(randomness: context.randomness))
    }
  }
}
