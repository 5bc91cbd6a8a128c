package import Database
package import Logging
package import Messages
package import NIOPosix
package import RPC

/// What a service is given to build itself from.
package struct ServiceContext: Sendable {
  /// Which service it is.
  package let service: ServiceName
  /// Tells this copy of the service from the others: unique among running processes.
  package let copy: String
  /// What every service is told.
  package let configuration: ServiceConfiguration
  /// The service's database; started.
  package let database: Database
  /// Makes users' tables and entities' roles.
  package let schema: SchemaConnection
  /// Event loops, shared by server and clients.
  package let group: MultiThreadedEventLoopGroup
  /// The process's logger.
  package let logger: Logger
  /// Where metrics are made.
  package let metrics: MetricsRegistry
  /// The clocks.
  package let time: any TimeSource
  /// The source of chance.
  package let randomness: any Randomness
  /// The service's keys, and whose signatures it believes.
  package let keys: KeyRing
  /// Signs for calls of other services.
  package let workload: WorkloadIdentity
  /// The other services.
  package let peers: Peers
  /// Makes and opens page tokens.
  package let pageTokens: PageTokens
  /// Remembers requests.
  package let requests: RequestLedger
}

extension ServiceContext {
  /// Another service, as this one calls it.
  ///
  /// - Parameter patience: how long a call that serves no other call may take.
  /// - Throws: ``ConfigurationError`` when no address of it is configured.
  package func peer(_ service: ServiceName, patience: Duration = .seconds(30)) throws -> Peer {
    Peer(service: service, client: try peers.client(of: service), identity: workload, patience: patience)
  }

  /// Another service; nil in a deployment without it.
  package func peerIfPresent(_ service: ServiceName, patience: Duration = .seconds(30)) throws -> Peer? {
    configuration.identity.peers[service] == nil ? nil : try peer(service, patience: patience)
  }

  /// The job of following another service's log for every entity.
  ///
  /// - Parameter name: unique in this service: `profiles`.
  package func following(
    _ service: ServiceName, as name: String, _ effect: any LogEffect
  ) throws -> Job {
    Job(
      Follower(
        name: "\(self.service.rawValue)/\(name)", client: try peers.client(of: service),
        metadata: { try workload.metadata(for: service, scope: .allEntities) }, database: database, effect: effect,
        time: time, logger: logger))
  }
}

/// What a service consists of, once it is built.
package struct ServiceParts: Sendable {
  /// A handler for each method of ``services``.
  package var router: Router
  /// The services that the router must answer completely; a process with a method unanswered does not start.
  package var services: [ServiceDescriptor]
  /// What reflection shows; nil: ``services``. The gateway shows what it passes on too.
  package var reflected: [ServiceDescriptor]?
  /// Interceptors after those of the suite.
  package var interceptors: [any ServerInterceptor] = []
  /// What must answer, beside the database, before the process wants calls.
  package var readinessChecks: [any ReadinessCheck] = []
  /// What runs beside the calls.
  package var jobs: [Job] = []
  /// Whether the process believes only signed principals. The gateway, which makes them, checks tokens instead.
  package var requiresPrincipals = true
  /// A service with a log: it gets a sequencer, and serves its followers.
  package var hasLog = false

  /// A service that keeps requests (``RequestLedger``): old ones are swept.
  package var keepsRequests = false

  /// Parts without jobs.
  package init(router: Router, services: [ServiceDescriptor]) {
    self.router = router
    self.services = services
  }
}

/// Work beside the calls, for as long as the process runs.
package struct Job: Sendable {
  /// For logs.
  package let name: String
  let lease: Lease?
  let work: @Sendable (_ fence: Int64?) async throws -> Void

  /// Work that every copy of the service does. It is cancelled when the process stops, and started again, after a pause,
  /// when it fails.
  package init(_ name: String, _ work: @escaping @Sendable () async throws -> Void) {
    self.name = name
    lease = nil
    self.work = { _ in try await work() }
  }

  /// Work that one copy at a time does.
  ///
  /// - Parameter work: gets the lease's fencing number, and checks it in its transactions.
  package init(_ name: String, under lease: Lease, _ work: @escaping @Sendable (_ fence: Int64) async throws -> Void) {
    self.name = name
    self.lease = lease
    self.work = { fence in try await work(fence ?? 0) }
  }

  /// Following another service's log.
  package init(_ follower: Follower) {
    self.init("follower \(follower.name)", under: follower.lease) { try await follower.run(fence: $0) }
  }
}
