import Database
import Messages
import RPC
import ServiceTesting
import Testing

@testable import DataTables

@Suite("Deleting rows")
struct RowDeletionTests {
  private let tables = "entities/b2c/customTables/"

  private func order(_ code: String, _ more: [String: TypeV1.Value] = [:]) throws -> [String: TypeV1.Value] {
    try ["orderCode": .text(code), "customer": .text("00003"), "time": .time("2024-05-01T08:00:00Z")]
      .merging(more) { $1 }
  }

  private func codes(_ suite: TestSuite, _ table: String) async throws -> [String: TypeV1.Value?] {
    var codes: [String: TypeV1.Value?] = [:]
    for row in try await suite.rows(table) {
      if case .stringValue(let code) = row.values["orderCode"]?.kind { codes[code] = row.values["link"] }
    }
    return codes
  }

  @Test("does what each link says, and tells the log of every row")
  func links() async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores).name
      for code in ["A", "B"] { try await suite.createRow("stores", ["code": .text(code)]) }
      try await suite.createTable("going", .orders(links: [.init("link", to: stores, onDelete: .cascade)]))
      try await suite.createTable("staying", .orders(links: [.init("link", to: stores, onDelete: .setNull)]))
      for table in ["going", "staying"] {
        for (code, store) in [("1", "A"), ("2", "B")] {
          try await suite.createRow(table, order(code, ["link": .text(store)]))
        }
      }
      _ = try await suite.call(TablesV1.TableService.deleteRow) { $0.name = stores + "/rows/code=A" }
      #expect(try await codes(suite, "going") == ["2": .text("B")])
      #expect(try await codes(suite, "staying") == ["1": nil, "2": .text("B")])
      let last = try await suite.events().suffix(3)
      #expect(last.map(\.type) == ["RowsChanged", "RowsDeleted", "RowsDeleted"].map { "rapport.internal.v1.\($0)" })
      #expect(try InternalV1.RowsChanged(decoding: Array(last)[0].body).columns == ["link"])
    }
  }

  @Test("is refused while rows link to it, and changes nothing")
  func restricted() async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores).name
      try await suite.createRow("stores", ["code": .text("A")])
      try await suite.createTable(
        "orders",
        .orders(links: [.init("link", to: stores), .init("parent", to: tables + "orders", onDelete: .cascade)]))
      try await suite.createRow("orders", order("1", ["link": .text("A")]))
      let refusal = try await suite.refusal(TablesV1.TableService.deleteRow) { $0.name = stores + "/rows/code=A" }
      #expect(refusal.code == .failedPrecondition && refusal.reason == "ROW_LINKED_TO")
      #expect(refusal.message.contains("orders") && refusal.message.contains("link"))
      #expect(try await suite.rows("stores").count == 1)
    }
  }

  @Test("takes rows together that link to themselves and to each other")
  func cycles() async throws {
    try await TestSuite.with { suite async throws in
      let name = tables + "orders"
      try await suite.createTable("orders", .orders(links: [.init("link", to: name, onDelete: .cascade)]))
      for code in ["1", "2", "3", "4"] { try await suite.createRow("orders", order(code)) }
      for (code, link) in [("1", "1"), ("2", "3"), ("3", "2")] {
        _ = try await suite.call(TablesV1.TableService.updateRow) { request in
          request.row = .init()
          request.row?.name = name + "/rows/orderCode=" + code
          request.row?.values = ["link": .text(link)]
        }
      }
      _ = try await suite.call(TablesV1.TableService.deleteRow) { $0.name = name + "/rows/orderCode=1" }
      _ = try await suite.call(TablesV1.TableService.deleteRow) { $0.name = name + "/rows/orderCode=2" }
      #expect(try await codes(suite, "orders") == ["4": nil])
    }
  }

  @Test("follows links through several tables, around a circle of them")
  func chains() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createTable("a", .orders())
      try await suite.createTable("b", .orders(links: [.init("link", to: tables + "a", onDelete: .cascade)]))
      try await suite.createTable("c", .orders(links: [.init("link", to: tables + "b", onDelete: .cascade)]))
      _ = try await suite.call(TablesV1.TableService.updateCustomTable) { request in
        request.customTable = .init()
        request.customTable?.name = tables + "a"
        request.customTable?.links = [.init("link", to: tables + "c", onDelete: .cascade)]
      }
      try await suite.createRow("a", order("1"))
      try await suite.createRow("b", order("1", ["link": .text("1")]))
      try await suite.createRow("c", order("1", ["link": .text("1")]))
      try await suite.createRow("a", order("2", ["link": .text("1")]))
      try await suite.createRow("a", order("3"))
      _ = try await suite.call(TablesV1.TableService.deleteRow) { $0.name = tables + "a/rows/orderCode=1" }
      #expect(try await codes(suite, "a") == ["3": nil])
      #expect(try await codes(suite, "b").isEmpty)
      #expect(try await codes(suite, "c").isEmpty)
    }
  }

  @Test("changes the links of others with the key that they carry")
  func keyChange() async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores).name
      try await suite.createRow("stores", ["code": .text("A")])
      try await suite.createTable("orders", .orders(links: [.init("link", to: stores)]))
      try await suite.createRow("orders", order("1", ["link": .text("A")]))
      _ = try await suite.call(TablesV1.TableService.updateRow) { request in
        request.row = .init()
        request.row?.name = stores + "/rows/code=A"
        request.row?.values = ["code": .text("B")]
      }
      #expect(try await codes(suite, "orders") == ["1": .text("B")])
    }
  }
}
