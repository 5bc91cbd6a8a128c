import Database
import DatabaseTesting
import Logging
import NIOPosix
import RPC
import ServiceKit
import ServiceTesting

@testable import Profiles

/// Profiles as its callers see it: on its own database, behind its own server, with the directory of DataTables at its
/// side. Its callers' principals are signed as the gateway signs them.
struct TestSuite: ServiceSuite {
  static let customers = "entities/b2c/profileTables/customers"

  let stage: TestStage
  let client: RPCClient
  /// What DataTables answers.
  let tables: TablesDouble
  let rooms: Rooms

  /// Starts it for one test.
  ///
  /// - Parameter hasTables: whether there is a service of custom tables.
  static func with(hasTables: Bool = true, _ body: (TestSuite) async throws -> Void) async throws {
    try await TestStage.with(.profiles, migrations: ProfilesMigrations.all) { stage in
      let tables = TablesDouble()
      let directory = try await stage.start(.dataTables, tables.router)
      let rooms = Rooms(
        database: stage.test.database, schema: stage.test.schemaConnection(),
        repositories: RepositoryDirectory(hasTables ? try stage.peer(.dataTables, directory) : nil),
        pages: stage.pages, requests: stage.requests, time: stage.time)
      let own = try await stage.start(.profiles, rooms.router)
      try await body(TestSuite(stage: stage, client: own.client, tables: tables, rooms: rooms))
    }
  }
}
