import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing

@testable import DataTables

@Suite("Entities")
struct IsolationTests {
  private let orders = "entities/b2c/customTables/orders"

  private func withOrders(_ body: (TestSuite) async throws -> Void) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createTable("orders", .orders())
      try await suite.createRow(
        "orders", ["orderCode": .text("1"), "customer": .text("00003"), "time": .time("2024-05-01T08:00:00Z")])
      try await body(suite)
    }
  }

  /// The code that each method answers a caller with, by its name.
  private func outcomes(_ suite: TestSuite, as caller: TestSuite.Caller) async throws -> [String: StatusCode] {
    typealias Tables = TablesV1.TableService
    var codes: [String: StatusCode] = [:]
    codes["create"] = try await suite.refusal(Tables.createCustomTable, as: caller) { request in
      request.parent = "entities/b2c"
      request.customTableId = "mine"
      request.customTable = .stores
    }.code
    codes["get"] = try await suite.refusal(Tables.getCustomTable, as: caller) { $0.name = orders }.code
    codes["list"] = try await suite.refusal(Tables.listCustomTables, as: caller) { $0.parent = "entities/b2c" }.code
    codes["update"] = try await suite.refusal(Tables.updateCustomTable, as: caller) { request in
      request.customTable = .init()
      request.customTable?.name = orders
    }.code
    codes["delete"] = try await suite.refusal(Tables.deleteCustomTable, as: caller) { $0.name = orders }.code
    codes["createRow"] = try await suite.refusal(Tables.createRow, as: caller) { $0.parent = orders }.code
    codes["upsertRow"] = try await suite.refusal(Tables.upsertRow, as: caller) { request in
      request.row = .init()
      request.row?.name = orders + "/rows/orderCode=1"
    }.code
    codes["updateRow"] = try await suite.refusal(Tables.updateRow, as: caller) { request in
      request.row = .init()
      request.row?.name = orders + "/rows/orderCode=1"
    }.code
    codes["getRow"] = try await suite.refusal(Tables.getRow, as: caller) { $0.name = orders + "/rows/1" }.code
    codes["batchGet"] = try await suite.refusal(Tables.batchGetRows, as: caller) { $0.parent = orders }.code
    codes["listRows"] = try await suite.refusal(Tables.listRows, as: caller) { $0.parent = orders }.code
    codes["deleteRow"] = try await suite.refusal(Tables.deleteRow, as: caller) { $0.name = orders + "/rows/1" }.code
    codes["imports"] = try await suite.refusal(Tables.listRowImports, as: caller) { $0.parent = orders }.code
    codes["timeline"] = try await suite.refusal(InteractionsV1.InteractionService.listInteractions, as: caller) {
      $0.parent = TestSuite.customers + "/profiles/3"
    }.code
    return codes
  }

  @Test("that the caller does not see answer NOT_FOUND to every method, and lists over all of them are empty")
  func invisible() async throws {
    try await withOrders { suite async throws in
      let stranger = TestSuite.Caller.writer([TestSuite.b2b])
      for (method, code) in try await outcomes(suite, as: stranger) { #expect(code == .notFound, "\(method)") }
      let list = try await suite.call(TablesV1.TableService.listCustomTables, as: stranger) { $0.parent = "entities/-" }
      #expect(list.customTables.isEmpty)
      #expect(try await suite.rows("orders").count == 1)
    }
  }

  @Test("that the caller sees without rights answer PERMISSION_DENIED to every method")
  func withoutRights() async throws {
    try await withOrders { suite async throws in
      let reader = Principal.Grant(entity: 2, module: .all, rights: [.read, .write])
      let caller = TestSuite.Caller.holder([reader], [TestSuite.b2c, TestSuite.b2b])
      for (method, code) in try await outcomes(suite, as: caller) { #expect(code == .permissionDenied, "\(method)") }
    }
  }

  @Test("may be read, not written, by who may only read")
  func readers() async throws {
    try await withOrders { suite async throws in
      let caller = TestSuite.Caller.holder(
        [.init(entity: 1, module: .all, rights: [.read])], [TestSuite.b2c])
      let reads: Set = ["get", "list", "getRow", "batchGet", "listRows", "imports", "timeline"]
      for (method, code) in try await outcomes(suite, as: caller) {
        #expect(code == (reads.contains(method) ? .ok : .permissionDenied), "\(method)")
      }
    }
  }

  @Test("cannot read each other's tables in the database either")
  func database() async throws {
    try await withOrders { suite async throws in
      let table = try #require(await suite.rooms.tables.find("orders", entity: 1))
      _ = try await suite.rooms.tables.find("orders", entity: 2)
      let read = Statement(name: "test.read", sql: "SELECT id FROM \(table.rows)")
      for role in [DatabaseRole.entity(2), .worker, .none] {
        await #expect { try await suite.test.database.read(read, [], as: role) } throws: {
          ($0 as? DatabaseError)?.kind == .permissionDenied
        }
      }
      #expect(try await suite.test.database.read(read, [], as: .entity(1)).count == 1)
      let definitions = Statement(name: "test.definitions", sql: "SELECT number FROM custom_tables")
      #expect(try await suite.test.database.read(definitions, [], as: .entity(2)).isEmpty)
      #expect(try await suite.test.database.read(definitions, [], as: .worker).count == 1)
    }
  }

  @Test("may have tables of the same name, each its own")
  func sameName() async throws {
    try await withOrders { suite async throws in
      let other = TestSuite.Caller.writer([TestSuite.b2b])
      _ = try await suite.call(TablesV1.TableService.createCustomTable, as: other) { request in
        request.parent = "entities/b2b"
        request.customTableId = "orders"
        request.customTable = .stores
      }
      let both = try await suite.call(
        TablesV1.TableService.listCustomTables, as: .writer([TestSuite.b2c, TestSuite.b2b])
      ) { $0.parent = "entities/-" }
      #expect(both.customTables.map(\.name) == ["entities/b2b/customTables/orders", orders])
      let rows = try await suite.call(TablesV1.TableService.listRows, as: other) {
        $0.parent = "entities/b2b/customTables/orders"
      }
      #expect(rows.rows.isEmpty)
    }
  }

  @Test("cannot link across each other")
  func links() async throws {
    try await withOrders { suite async throws in
      let both = TestSuite.Caller.writer([TestSuite.b2c, TestSuite.b2b])
      var table = TablesV1.CustomTable.stores
      table.links = [.init("order", to: orders)]
      let linked = table
      let link = try await suite.refusal(TablesV1.TableService.createCustomTable, as: both) { request in
        request.parent = "entities/b2b"
        request.customTableId = "stores"
        request.customTable = linked
      }
      #expect(link.code == .invalidArgument && link.fields == ["custom_table.links[0].table"])
      let profile = try await suite.refusal(TablesV1.TableService.createCustomTable, as: both) { request in
        request.parent = "entities/b2b"
        request.customTableId = "orders"
        request.customTable = .orders()
      }
      #expect(profile.code == .invalidArgument && profile.fields == ["custom_table.profile_table"])
    }
  }
}
