internal import Database
internal import Messages
internal import RPC
package import ServiceKit
internal import UserTables

/// The service of profile tables, profiles and targetings.
package enum ProfilesService {
  /// Runs the service until it is told to stop.
  package static func run() async -> Never {
    await Service.run(.profiles, migrations: ProfilesMigrations.all, scansTables: true) { _ in
      ()
    } build: { context, _ in
      try parts(context)
    }
  }

  /// What the service consists of.
  package static func parts(_ context: ServiceContext) throws -> ServiceParts {
    let rooms = Rooms(
      database: context.database, schema: context.schema,
      repositories: RepositoryDirectory(try context.peerIfPresent(.dataTables)), pages: context.pageTokens,
      requests: context.requests, time: context.time)
    var parts = ServiceParts(router: rooms.router, services: Rooms.services)
    parts.hasLog = true
    parts.keepsRequests = true
    parts.jobs = [rooms.listed.sweeping, ImportSweep(database: context.database, time: context.time).job]
    return parts
  }
}

/// The parts of the service and how they stand on each other.
struct Rooms: Sendable {
  let database: Database
  let schema: SchemaConnection
  let repositories: RepositoryDirectory
  let pages: PageTokens
  let requests: RequestLedger
  let time: any TimeSource

  /// What the router answers.
  static let services = [
    ProfilesV1.ProfileService.descriptor, TargetingV1.TargetingService.descriptor,
    InternalV1.ProfileDirectoryService.descriptor, InternalV1.TargetingDirectoryService.descriptor,
  ]

  var router: Router {
    let tables = ProfileTableStore(database: database, schema: schema, roles: database.configuration.roles)
    let store = ProfileStore(database: database)
    let writer = ProfileWriter(database: database, store: store, requests: requests, repositories: repositories)
    var router = Router()
    ProfileTableHandlers(store: tables, repositories: repositories, pages: pages).register(on: &router)
    let exports = ExportGate(time: time)
    ProfileHandlers(tables: tables, store: store, writer: writer, exports: exports, pages: pages).register(on: &router)
    ProfileImportHandlers(
      tables: tables, imports: ImportCalls(database: database, pages: pages), repositories: repositories
    ).register(on: &router)
    ProfileDirectoryHandlers(tables: tables, store: store, writer: writer).register(on: &router)
    TargetingHandlers(
      store: TargetingStore(database: database, schema: schema), tables: tables, profiles: store,
      evaluator: TargetingEvaluator(database: database, repositories: repositories, time: time), listed: listed,
      exports: exports, pages: pages
    ).register(on: &router)
    return router
  }

  /// The populations that are being listed.
  var listed: ListedPopulations { ListedPopulations(database: database, time: time) }
}
