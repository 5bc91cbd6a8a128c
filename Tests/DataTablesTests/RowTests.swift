import Database
import Messages
import RPC
import ServiceTesting
import Testing

@testable import DataTables

@Suite("Rows")
struct RowTests {
  private func withOrders(_ body: (TestSuite) async throws -> Void) async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores)
      try await suite.createRow("stores", ["code": .text("S01"), "city": .text("Liège")])
      try await suite.createTable("orders", .orders(links: [.init("store", to: stores.name)]))
      try await body(suite)
    }
  }

  private func order(_ code: String, _ more: [String: TypeV1.Value] = [:]) throws -> [String: TypeV1.Value] {
    try ["orderCode": .text(code), "customer": .text("00003"), "time": .time("2024-05-01T08:00:00Z")]
      .merging(more) { $1 }
  }

  private let name = "entities/b2c/customTables/orders/rows/"

  @Test("come back as they were written, by number and by unique column")
  func roundTrip() async throws {
    try await withOrders { suite async throws in
      let values = try order(
        "A/1 %",
        [
          "quantity": .int(3), "amount": .decimal("12.50"), "day": .date("2024-02-29"), "note": .text("née d'été"),
          "store": .text("S01"),
        ])
      let created = try await suite.createRow("orders", values)
      #expect(created.profile == "\(TestSuite.customers)/profiles/3")
      var expected = values
      expected["customer"] = .int(3)
      #expect(created.values == expected)
      #expect(created.createTime != nil && created.updateTime == created.createTime)
      for key in [String(created.number ?? 0), "orderCode=A%2F1 %25"] {
        #expect(try await suite.call(TablesV1.TableService.getRow) { $0.name = name + key } == created)
      }
    }
  }

  @Test("take a date for a time: the first instant of the day in the entity's zone")
  func dateForTime() async throws {
    try await withOrders { suite async throws in
      let row = try await suite.createRow("orders", order("1", ["time": .date("1997-01-12")]))
      #expect(try row.values["time"] == .time("1997-01-11T23:00:00Z"))
    }
  }

  @Test("are refused with every value that is at fault")
  func badValues() async throws {
    try await withOrders { suite async throws in
      let refusal = try await suite.refusal(TablesV1.TableService.createRow) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.row = .init()
        request.row?.values = try order(
          "1",
          [
            "quantity": .text("3"), "amount": .bool(true), "note": .text("a\0b"), "nothing": .int(1), "day": .init(),
          ])
      }
      #expect(refusal.code == .invalidArgument)
      #expect(
        refusal.fields == [
          "row.values.amount", "row.values.day", "row.values.note", "row.values.nothing", "row.values.quantity",
        ])
      #expect(try await suite.rows("orders").isEmpty)
    }
  }

  @Test(
    "are refused without a required value, an existing profile or an existing link",
    arguments: [
      ("orderCode", .null), ("customer", .text("99999")), ("customer", .null), ("time", .null), ("store", .text("S99")),
      ("orderCode", .text(String(repeating: "x", count: 501))),
    ] as [(String, TypeV1.Value)])
  func refused(column: String, value: TypeV1.Value) async throws {
    try await withOrders { suite async throws in
      let refusal = try await suite.refusal(TablesV1.TableService.createRow) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.row = .init()
        request.row?.values = try order("1", [column: value])
      }
      #expect(refusal.code == .invalidArgument && refusal.fields == ["row.values.\(column)"])
      #expect(try await suite.rows("orders").isEmpty)
    }
  }

  @Test("name every required column that is missing")
  func missing() async throws {
    try await withOrders { suite async throws in
      let refusal = try await suite.refusal(TablesV1.TableService.createRow) {
        $0.parent = "entities/b2c/customTables/orders"
      }
      #expect(refusal.code == .invalidArgument)
      #expect(refusal.fields == ["row.values.customer", "row.values.orderCode", "row.values.time"])
    }
  }

  @Test("with a taken unique value are refused, and name the column")
  func taken() async throws {
    try await withOrders { suite async throws in
      try await suite.createRow("orders", order("1"))
      let refusal = try await suite.refusal(TablesV1.TableService.createRow) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.row = .init()
        request.row?.values = try order("1")
      }
      #expect(refusal.code == .alreadyExists && refusal.fields == ["row.values.orderCode"])
    }
  }

  @Test("are created and then changed by upsert")
  func upsert() async throws {
    try await withOrders { suite async throws in
      func upsert(_ values: [String: TypeV1.Value]) async throws -> TablesV1.UpsertRowResponse {
        try await suite.call(TablesV1.TableService.upsertRow) { request in
          request.row = .init()
          request.row?.name = name + "orderCode=7"
          request.row?.values = values
        }
      }
      let first = try await upsert([
        "customer": .text("00002"), "time": .time("2024-01-01T00:00:00Z"), "quantity": .int(1),
      ])
      #expect(first.created && first.row?.values["orderCode"] == .text("7"))
      let second = try await upsert(["quantity": .int(2)])
      #expect(!second.created && second.row?.name == first.row?.name)
      #expect(second.row?.values["quantity"] == .int(2) && second.row?.values["customer"] == .int(2))
    }
  }

  @Test("are not created by an upsert that lacks what a new row needs, nor under a number or another key")
  func badUpsert() async throws {
    try await withOrders { suite async throws in
      func refusal(_ key: String, _ values: [String: TypeV1.Value]) async throws -> Refusal {
        try await suite.refusal(TablesV1.TableService.upsertRow) { request in
          request.row = .init()
          request.row?.name = name + key
          request.row?.values = values
        }
      }
      #expect(try await refusal("orderCode=7", [:]).fields == ["row.values.customer", "row.values.time"])
      #expect(try await refusal("7", [:]).fields == ["row.name"])
      #expect(try await refusal("note=7", [:]).fields == ["row.name"])
      #expect(try await refusal("orderCode=7", ["orderCode": .text("8")]).fields == ["row.values.orderCode"])
    }
  }

  @Test("change only what the mask names; what it names and is not sent is cleared")
  func masks() async throws {
    try await withOrders { suite async throws in
      let row = try await suite.createRow("orders", order("1", ["quantity": .int(1), "note": .text("x")]))
      func update(_ paths: [String], _ values: [String: TypeV1.Value]) async throws -> [String: TypeV1.Value] {
        try await suite.call(TablesV1.TableService.updateRow) { request in
          request.row = .init()
          request.row?.name = row.name
          request.row?.values = values
          request.updateMask = .init()
          request.updateMask?.paths = paths
        }.values
      }
      let masked = try await update(["values.note"], ["quantity": .int(5)])
      #expect(masked["note"] == nil && masked["quantity"] == .int(1))
      let all = try await update([], ["quantity": .null])
      #expect(all["quantity"] == nil)
      let bad = try await suite.refusal(TablesV1.TableService.updateRow) { request in
        request.row = .init()
        request.row?.name = row.name
        request.updateMask = .init()
        request.updateMask?.paths = ["profile"]
      }
      #expect(bad.code == .invalidArgument && bad.fields == ["update_mask"])
    }
  }

  @Test("written twice with one request id are written once, and another request under the id is refused")
  func idempotency() async throws {
    try await withOrders { suite async throws in
      func create(_ code: String) async throws -> TablesV1.Row {
        try await suite.call(TablesV1.TableService.createRow) { request in
          request.parent = "entities/b2c/customTables/orders"
          request.row = .init()
          request.row?.values = try order(code)
          request.requestId = "r-1"
        }
      }
      let first = try await create("1")
      #expect(try await create("1").name == first.name)
      #expect(try await suite.rows("orders").count == 1)
      let refusal = try await suite.refusal(TablesV1.TableService.createRow) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.row = .init()
        request.row?.values = try order("2")
        request.requestId = "r-1"
      }
      #expect(refusal.code == .failedPrecondition)
      #expect(try await suite.events().filter { $0.type.hasSuffix("RowsChanged") }.count == 2)
    }
  }

  @Test("are got in batches in the order of the names, and those that do not exist are left out")
  func batches() async throws {
    try await withOrders { suite async throws in
      var numbers: [Int64] = []
      for code in 1...3 { numbers.append(try await suite.createRow("orders", order("\(code)")).number ?? 0) }
      let wanted = [numbers[2], 999, numbers[0]]
      let rows = try await suite.call(TablesV1.TableService.batchGetRows) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.names = wanted.map { name + String($0) }
      }.rows
      #expect(rows.map(\.number) == [numbers[2], numbers[0]])
      let foreign = try await suite.refusal(TablesV1.TableService.batchGetRows) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.names = ["entities/b2c/customTables/stores/rows/1"]
      }
      #expect(foreign.fields == ["names[0]"])
    }
  }

  @Test("page by number, and those of one profile newest first")
  func lists() async throws {
    try await withOrders { suite async throws in
      for (place, day) in ["05", "01", "05", "03", "04"].enumerated() {
        try await suite.createRow("orders", order("\(place)", ["time": .time("2024-01-\(day)T00:00:00Z")]))
      }
      try await suite.createRow("orders", order("other", ["customer": .text("00004")]))
      func all(profile: String) async throws -> [String] {
        var codes: [String] = []
        var token = ""
        repeat {
          let sent = token
          let page = try await suite.call(TablesV1.TableService.listRows) { request in
            request.parent = "entities/b2c/customTables/orders"
            request.pageSize = 2
            request.pageToken = sent
            request.profile = profile
          }
          for row in page.rows { if case .stringValue(let code) = row.values["orderCode"]?.kind { codes.append(code) } }
          token = page.nextPageToken
        } while !token.isEmpty
        return codes
      }
      #expect(try await all(profile: "") == ["0", "1", "2", "3", "4", "other"])
      #expect(try await all(profile: "\(TestSuite.customers)/profiles/3") == ["2", "0", "4", "3", "1"])
      let refusal = try await suite.refusal(TablesV1.TableService.listRows) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.profile = "entities/b2c/profileTables/others/profiles/3"
      }
      #expect(refusal.fields == ["profile"])
    }
  }

  @Test("that do not exist answer NOT_FOUND to every verb")
  func notFound() async throws {
    try await withOrders { suite async throws in
      let missing = name + "orderCode=1"
      #expect(try await suite.refusal(TablesV1.TableService.getRow) { $0.name = missing }.code == .notFound)
      #expect(try await suite.refusal(TablesV1.TableService.deleteRow) { $0.name = missing }.code == .notFound)
      let update = try await suite.refusal(TablesV1.TableService.updateRow) { request in
        request.row = .init()
        request.row?.name = missing
      }
      #expect(update.code == .notFound)
      #expect(try await suite.refusal(TablesV1.TableService.getRow) { $0.name = name + "x" }.code == .notFound)
    }
  }

  @Test("tell the log of each change, by number and profile and without a value")
  func events() async throws {
    try await withOrders { suite async throws in
      let row = try await suite.createRow("orders", order("secret-1", ["note": .text("secret-2")]))
      _ = try await suite.call(TablesV1.TableService.updateRow) { request in
        request.row = .init()
        request.row?.name = row.name
        request.row?.values = ["quantity": .int(4)]
      }
      _ = try await suite.call(TablesV1.TableService.deleteRow) { $0.name = row.name }
      let events = try await suite.events().dropFirst()
      #expect(events.map(\.type.last) == ["d", "d", "d"])
      let created = try InternalV1.RowsChanged(decoding: Array(events)[0].body)
      #expect(created.created && created.rows == [row.number] && created.profiles == [3] && !created.bulk)
      #expect(created.columns == ["customer", "note", "orderCode", "time"])
      let changed = try InternalV1.RowsChanged(decoding: Array(events)[1].body)
      #expect(!changed.created && changed.columns == ["quantity"])
      let deleted = try InternalV1.RowsDeleted(decoding: Array(events)[2].body)
      #expect(deleted.rows == [row.number] && deleted.profiles == [3])
      for event in events { #expect(!String(decoding: event.body, as: UTF8.self).contains("secret")) }
    }
  }

  @Test("written by many at once under one key are one row")
  func race() async throws {
    try await withOrders { suite async throws in
      let created = try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await suite.call(TablesV1.TableService.upsertRow) { request in
              request.row = .init()
              request.row?.name = name + "orderCode=1"
              request.row?.values = try order("1", ["quantity": .int(1)])
            }.created
          }
        }
        return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(created == 1)
      #expect(try await suite.rows("orders").count == 1)
    }
  }
}
