package import Database
import Logging

/// A database of one test: a clone of the migrated template of its service, in the process's private cluster.
package struct TestDatabase: Sendable {
  /// Started, as the service's login.
  package let database: Database
  /// How ``database`` was made; a test may make another of it.
  package let configuration: DatabaseConfiguration
  /// The login of schema operations.
  package let ddl: Login
  /// The superuser, to look and to break things.
  package let administrator: Login

  /// Clones the template for `service`, which is provisioned and migrated when it is first asked for.
  ///
  /// The clone is dropped with the cluster, at the end of the process.
  package static func create(
    service: String, migrations: [Migration] = [], configure: (inout DatabaseConfiguration) -> Void = { _ in }
  ) async throws -> TestDatabase {
    let roles = try RoleNames(prefix: "test", service: service)
    let server = ServerAddress(host: "/nowhere", database: "test")
    var configuration = DatabaseConfiguration(server: server, roles: roles, password: "")
    configure(&configuration)
    return TestDatabase(
      database: Database(configuration: configuration, logger: Logger(label: "test")), configuration: configuration,
      ddl: Login(user: roles.ddl, password: ""), administrator: Login(user: "postgres", password: ""))
  }

  /// A connection of schema operations to this clone.
  package func schemaConnection() -> SchemaConnection {
    SchemaConnection(
      server: configuration.server, roles: configuration.roles, ddl: ddl, logger: Logger(label: "test"))
  }

  /// Stops ``database`` and drops the clone.
  package func close() async throws {
    await database.shutdown()
  }
}
