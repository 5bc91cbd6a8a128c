internal import Database
internal import Messages
internal import RPC
package import ServiceKit
internal import UserTables

/// The service of custom tables, their rows, and the timeline.
package enum DataTablesService {
  /// Runs the service until it is told to stop.
  package static func run() async -> Never {
    await Service.run(.dataTables, migrations: DataTablesMigrations.all, scansTables: true) { _ in
      ()
    } build: { context, _ in
      try parts(context)
    }
  }

  /// What the service consists of.
  package static func parts(_ context: ServiceContext) throws -> ServiceParts {
    let profiles = ProfileDirectory(peer: try context.peer(.profiles))
    let tables = CustomTableStore(
      database: context.database, schema: context.schema, roles: context.database.configuration.roles)
    // The services that answer InteractionSourceService.
    let sources = try [ServiceName.messaging, .forms, .automation]
      .compactMap { try context.peerIfPresent($0, patience: .seconds(10)).map(PeerSource.init) }
    let rooms = Rooms(
      database: context.database, tables: tables, profiles: profiles, sources: sources, pages: context.pageTokens,
      requests: context.requests, time: context.time)
    var parts = ServiceParts(router: rooms.router, services: Rooms.services)
    parts.hasLog = true
    parts.keepsRequests = true
    parts.jobs = [
      try context.following(.profiles, as: "profiles", rooms.follower),
      ImportSweep(database: context.database, time: context.time).job,
    ]
    return parts
  }
}

/// The parts of the service and how they stand on each other.
struct Rooms: Sendable {
  let database: Database
  let tables: CustomTableStore
  let profiles: ProfileDirectory
  /// Other services that record interactions.
  let sources: [PeerSource]
  let pages: PageTokens
  let requests: RequestLedger
  let time: any TimeSource

  /// What the router answers.
  static let services = [
    TablesV1.TableService.descriptor, InteractionsV1.InteractionService.descriptor,
    InternalV1.TableDirectoryService.descriptor,
  ]

  var router: Router {
    let store = RowStore(database: database)
    let writer = RowWriter(database: database, requests: requests, profiles: profiles)
    let timeline = Timeline(tables: tables, database: database, peers: sources)
    var router = Router()
    CustomTableHandlers(store: tables, profiles: profiles, pages: pages).register(on: &router)
    RowHandlers(
      tables: tables, store: store, writer: writer, profiles: profiles, exports: ExportGate(time: time), pages: pages
    ).register(on: &router)
    RowImportHandlers(tables: tables, imports: ImportCalls(database: database, pages: pages), profiles: profiles)
      .register(on: &router)
    TableDirectoryHandlers(
      tables: tables, store: store, writer: writer, evaluator: RowsEvaluator(database: database)
    ).register(on: &router)
    InteractionHandlers(timeline: timeline, profiles: profiles, pages: pages).register(on: &router)
    return router
  }

  /// What Profiles' log sets off.
  var follower: ProfileFollower<RowForgetting> {
    ProfileFollower(
      RowForgetting(tables: tables, profiles: profiles, database: database), tombstones: .ofRows, database: database)
  }
}
