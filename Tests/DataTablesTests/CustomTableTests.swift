import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing

@testable import DataTables

@Suite("Custom tables")
struct CustomTableTests {
  @Test("are created, read, listed and deleted")
  func lifecycle() async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores)
      #expect(stores.name == "entities/b2c/customTables/stores" && stores.version == 1 && stores.createTime != nil)
      try await suite.createTable("orders", .orders(links: [.init("store", to: stores.name)]))
      let got = try await suite.call(TablesV1.TableService.getCustomTable) {
        $0.name = "entities/b2c/customTables/orders"
      }
      #expect(got.columns.map(\.id) == ["orderCode", "time", "quantity", "amount", "day", "note"])
      #expect(got.links.map(\.id) == ["store"])
      let list = try await suite.call(TablesV1.TableService.listCustomTables) { $0.parent = "entities/-" }
      #expect(list.customTables.map(\.name) == [got.name, stores.name])
      _ = try await suite.call(TablesV1.TableService.deleteCustomTable) { $0.name = got.name }
      let gone = try await suite.refusal(TablesV1.TableService.getCustomTable) { $0.name = got.name }
      #expect(gone.code == .notFound)
    }
  }

  @Test("cannot be created twice, whatever the case of the name")
  func twice() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createTable("stores", .stores)
      let refusal = try await suite.refusal(TablesV1.TableService.createCustomTable) { request in
        request.parent = "entities/b2c"
        request.customTableId = "STORES"
        request.customTable = .stores
      }
      #expect(refusal.code == .alreadyExists && refusal.reason == "CUSTOM_TABLE_EXISTS")
    }
  }

  @Test("page by name across entities")
  func pages() async throws {
    try await TestSuite.with { suite async throws in
      for id in ["b", "a", "c"] { try await suite.createTable(id, .stores) }
      var names: [String] = []
      var token = ""
      repeat {
        let sent = token
        let page = try await suite.call(
          TablesV1.TableService.listCustomTables, as: .writer([TestSuite.b2c, TestSuite.b2b])
        ) { request in
          request.parent = "entities/-"
          request.pageSize = 2
          request.pageToken = sent
        }
        names += page.customTables.map { String($0.name.suffix(1)) }
        token = page.nextPageToken
      } while !token.isEmpty
      #expect(names == ["a", "b", "c"])
    }
  }

  @Test("grow by columns and links, and change nothing else")
  func update() async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores)
      let orders = try await suite.createTable("orders", .orders())
      let row = try await suite.createRow(
        "orders", ["orderCode": .text("1"), "customer": .text("00001"), "time": .time("2024-01-01T10:00:00Z")])
      let updated = try await suite.call(TablesV1.TableService.updateCustomTable) { request in
        request.customTable = .init()
        request.customTable?.name = orders.name
        request.customTable?.columns = [.init("channel", .string, indexed: true)]
        request.customTable?.links = [
          .init("store", to: stores.name), .init("parent", to: orders.name, onDelete: .cascade),
        ]
      }
      #expect(updated.version == 2 && updated.columns.count == 7 && updated.links.count == 2)
      #expect(updated.displayName == orders.displayName)
      try await suite.createRow("stores", ["code": .text("S01")])
      let changed = try await suite.call(TablesV1.TableService.updateRow) { request in
        request.row = .init()
        request.row?.name = row.name
        request.row?.values = ["channel": .text("web"), "store": .text("S01"), "parent": .text("1")]
      }
      #expect(changed.values["store"] == .text("S01") && changed.values["orderCode"] == .text("1"))
    }
  }

  @Test(
    "refuse changes that stored data depends on, naming the field",
    arguments: [
      .init("columns") { $0.columns = [.init("quantity", .decimal)] },
      .init("columns") { $0.columns = [.init("amount", .decimal, required: true)] },
      .init("columns") { $0.columns = [.init("note", .string, indexed: true)] },
      .init("columns") { $0.columns = [.init("fresh", .string, required: true)] },
      .init("columns[6].id") { $0.columns = [.init("NOTE", .string)] },
      .init("links") { $0.links = [.init("store", to: "entities/b2c/customTables/stores", onDelete: .cascade)] },
    ] as [TableChange])
  func refusedChanges(case: TableChange) async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores)
      let orders = try await suite.createTable("orders", .orders(links: [.init("store", to: stores.name)]))
      try await suite.createRow(
        "orders", ["orderCode": .text("1"), "customer": .text("00001"), "time": .time("2024-01-01T10:00:00Z")])
      let refusal = try await suite.refusal(TablesV1.TableService.updateCustomTable) { request in
        var table = TablesV1.CustomTable()
        table.name = orders.name
        `case`.change(&table)
        request.customTable = table
      }
      #expect(refusal.code == .invalidArgument)
      #expect(refusal.fields == ["custom_table.\(`case`.field)"])
      let kept = try await suite.call(TablesV1.TableService.getCustomTable) { $0.name = orders.name }
      #expect(kept.version == 1 && kept == orders)
    }
  }

  @Test("with rows are deleted only by force, and tell the log")
  func deletion() async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores)
      try await suite.createRow("stores", ["code": .text("S01")])
      let refusal = try await suite.refusal(TablesV1.TableService.deleteCustomTable) { $0.name = stores.name }
      #expect(refusal.code == .failedPrecondition && refusal.reason == "CUSTOM_TABLE_NOT_EMPTY")
      _ = try await suite.call(TablesV1.TableService.deleteCustomTable) {
        $0.name = stores.name
        $0.force = true
      }
      #expect(try await suite.events().last?.type == "rapport.internal.v1.CustomTableDeleted")
    }
  }

  @Test("that others link to are not deleted, but a link to itself does not count")
  func linkedTo() async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores)
      let orders = try await suite.createTable(
        "orders",
        .orders(links: [.init("store", to: stores.name), .init("parent", to: "entities/b2c/customTables/orders")]))
      let refusal = try await suite.refusal(TablesV1.TableService.deleteCustomTable) {
        $0.name = stores.name
        $0.force = true
      }
      #expect(refusal.code == .failedPrecondition && refusal.reason == "CUSTOM_TABLE_LINKED_TO")
      #expect(refusal.message.contains(orders.name))
      _ = try await suite.call(TablesV1.TableService.deleteCustomTable) { $0.name = orders.name }
      _ = try await suite.call(TablesV1.TableService.deleteCustomTable) { $0.name = stores.name }
    }
  }
}
