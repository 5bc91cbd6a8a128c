package import Database

/// A database of one test: a clone of the migrated template of its service, in the process's private cluster.
package struct TestDatabase: Sendable {
  /// Started, as the service's login.
  package let database: Database
  /// How ``database`` was made; a test may make another of it.
  package let configuration: DatabaseConfiguration
  /// The login of schema operations.
  package let ddl: Login
  /// Where it runs; its superuser looks at what nobody else can, and breaks things.
  package let cluster: TestCluster

  /// Clones the template for `service`, which is provisioned and migrated when it is first asked for.
  ///
  /// The roles' names begin with "test", whatever the clone's name: they are of the whole cluster. The clone goes with
  /// ``close()``, or with the cluster at the end of the process.
  ///
  /// - Parameter privateCluster: for a test that stops PostgreSQL; else all share the process's.
  package static func create(
    service: String, migrations: [Migration] = [], on privateCluster: TestCluster? = nil,
    configure: (inout DatabaseConfiguration) -> Void = { _ in }
  ) async throws -> TestDatabase {
    let cluster: TestCluster
    if let privateCluster { cluster = privateCluster } else { cluster = try await TestCluster.shared }
    let clone = try await cluster.templates.clone(service: service, migrations: migrations, in: cluster)
    var configuration = DatabaseConfiguration(
      server: cluster.address(database: clone.name), roles: clone.roles, password: clone.credentials.password)
    configuration.lanes.readConnections = 1
    configuration.lanes.writeConnections = 2
    configure(&configuration)
    let database = Database(configuration: configuration, logger: .quiet)
    try await database.start()
    return TestDatabase(
      database: database, configuration: configuration,
      ddl: Login(user: clone.roles.ddl, password: clone.credentials.ddlPassword), cluster: cluster)
  }

  /// Gives a clone to `body`, and closes it afterwards.
  @discardableResult
  package static func with<Result>(
    service: String, migrations: [Migration] = [], on privateCluster: TestCluster? = nil,
    configure: (inout DatabaseConfiguration) -> Void = { _ in },
    _ body: (TestDatabase) async throws -> Result
  ) async throws -> Result {
    let test = try await create(
      service: service, migrations: migrations, on: privateCluster, configure: configure)
    do {
      let result = try await body(test)
      try await test.close()
      return result
    } catch {
      try? await test.close()
      throw error
    }
  }

  /// A connection of schema operations to this clone.
  package func schemaConnection() -> SchemaConnection {
    SchemaConnection(server: configuration.server, roles: configuration.roles, ddl: ddl, logger: .quiet)
  }

  /// Another client of this clone, as if in another process. The caller shuts it down.
  package func anotherClient(
    configure: (inout DatabaseConfiguration) -> Void = { _ in }
  ) async throws -> Database {
    var configuration = configuration
    configure(&configuration)
    let database = Database(configuration: configuration, logger: .quiet)
    try await database.start()
    return database
  }

  /// Stops ``database`` and drops the clone.
  package func close() async throws {
    await database.shutdown()
    try await cluster.templates.drop(configuration.server.database, in: cluster)
  }
}
