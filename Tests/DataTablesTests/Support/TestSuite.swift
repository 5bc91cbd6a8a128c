import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceTesting

@testable import DataTables

/// DataTables as its callers see it: on its own database, behind its own server, with the directory of Profiles at its
/// side. Its callers' principals are signed as the gateway signs them.
struct TestSuite: ServiceSuite {
  static let customers = "entities/b2c/profileTables/customers"

  let stage: TestStage
  let profiles: ProfilesDouble
  let client: RPCClient
  let rooms: Rooms

  /// Starts it for one test.
  ///
  /// - Parameter source: of Messaging, where it records interactions.
  static func with(source: Router? = nil, _ body: (TestSuite) async throws -> Void) async throws {
    try await TestStage.with(.dataTables, migrations: DataTablesMigrations.all) { stage in
      let profiles = ProfilesDouble()
      profiles.addTable(customers, number: 7)
      profiles.addProfiles(1...20, to: customers)
      let server = try await stage.start(.profiles, profiles.router)
      var sources: [PeerSource] = []
      if let source {
        let messaging = try await stage.start(.messaging, source)
        sources = [PeerSource(peer: try stage.peer(.messaging, messaging))]
      }
      let test = stage.test
      let rooms = Rooms(
        database: test.database,
        tables: CustomTableStore(
          database: test.database, schema: test.schemaConnection(), roles: test.configuration.roles),
        profiles: ProfileDirectory(peer: try stage.peer(.profiles, server)), sources: sources, pages: stage.pages,
        requests: stage.requests, time: stage.time)
      let own = try await stage.start(.dataTables, rooms.router)
      try await body(TestSuite(stage: stage, profiles: profiles, client: own.client, rooms: rooms))
    }
  }

  // MARK: - Frequent calls

  @discardableResult
  func createTable(
    _ id: String, _ table: TablesV1.CustomTable, as caller: Caller = .writer([b2c])
  ) async throws -> TablesV1.CustomTable {
    try await call(TablesV1.TableService.createCustomTable, as: caller) { request in
      request.parent = table.profileTable.hasPrefix("entities/b2b") ? "entities/b2b" : "entities/b2c"
      request.customTableId = id
      request.customTable = table
    }
  }

  @discardableResult
  func createRow(_ table: String, _ values: [String: TypeV1.Value]) async throws -> TablesV1.Row {
    try await call(TablesV1.TableService.createRow) { request in
      request.parent = "entities/b2c/customTables/\(table)"
      request.row = .init()
      request.row?.values = values
    }
  }

  /// All rows of a table by their key's text.
  func rows(_ table: String) async throws -> [TablesV1.Row] {
    try await call(TablesV1.TableService.listRows) { request in
      request.parent = "entities/b2c/customTables/\(table)"
      request.pageSize = 1_000
    }.rows
  }

  /// Every event in the outbox, in its order.
  func events() async throws -> [(type: String, body: [UInt8], entity: Int64)] {
    let statement = Statement(name: "test.events", sql: "SELECT type, body, entity FROM log_outbox ORDER BY id")
    return try await test.database.read(statement, [], as: .worker).map {
      (try $0.text(0), try $0.bytes(1), try $0.int(2))
    }
  }
}
