internal import Database
internal import Messages
internal import RPC
package import ServiceKit
internal import UserTables

/// The service of profile tables, profiles and targetings.
package enum ProfilesService {
  /// Runs the service until it is told to stop.
  package static func run() async -> Never {
    await Service.run(.profiles, migrations: ProfilesMigrations.all) { _ in
      ()
    } build: { context, _ in
      try parts(context)
    }
  }

  /// What the service consists of.
  package static func parts(_ context: ServiceContext) throws -> ServiceParts {
    let tables = ProfileTableStore(
      database: context.database, schema: context.schema, roles: context.database.configuration.roles)
    let repositories = RepositoryDirectory(peers: context.peers, identity: context.workload)
    let store = ProfileStore(database: context.database)
    let writer = ProfileWriter(
      database: context.database, store: store, requests: context.requests, repositories: repositories)
    var router = Router()
    ProfileTableHandlers(store: tables, repositories: repositories, pages: context.pageTokens).register(on: &router)
    ProfileHandlers(tables: tables, store: store, writer: writer, pages: context.pageTokens).register(on: &router)
    ProfileImportHandlers(
      tables: tables, imports: ImportCalls(database: context.database, pages: context.pageTokens),
      repositories: repositories
    ).register(on: &router)
    ProfileDirectoryHandlers(tables: tables, store: store, writer: writer, database: context.database)
      .register(on: &router)
    var parts = ServiceParts(
      router: router,
      services: [ProfilesV1.ProfileService.descriptor, InternalV1.ProfileDirectoryService.descriptor])
    parts.hasLog = true
    return parts
  }
}
