import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables
import Values

@testable import DataTables

@Suite("Imports of rows")
struct RowImportTests {
  private func withOrders(_ body: (TestSuite) async throws -> Void) async throws {
    try await TestSuite.with { suite async throws in
      let stores = try await suite.createTable("stores", .stores)
      for code in ["S01", "S02"] { try await suite.createRow("stores", ["code": .text(code)]) }
      try await suite.createTable(
        "orders",
        .orders(links: [.init("store", to: stores.name), .init("parent", to: "entities/b2c/customTables/orders")]))
      try await body(suite)
    }
  }

  private let header = "orderCode,customer,time,quantity,amount,store,parent\n"

  @Test("write every good line and refuse the others with line, column and reason")
  func refusals() async throws {
    try await withOrders { suite async throws in
      let report = try await suite.importRows(
        "orders",
        header + """
          1,00001,1997-01-01,1,11.77,S01,
          2,00002,1997-01-12,x,12.00,S01,
          3,99999,1997-01-12,5,77.00,S02,
          4,00003,1997-01-12,5,77.00,S99,
          5,,1997-01-12,5,77.00,S02,
          6,00003,1997-13-12,5,77.00,S02,
          7,00003,1997-01-12,5
          ,00003,1997-01-12,5,77.00,S02,
          9,00003,1997-01-12,,,,1
          """)
      #expect(report.progress?.state == .succeeded)
      #expect(report.progress?.created == 2 && report.progress?.refusedLines == 7 && report.progress?.settledLines == 9)
      let lines = try await suite.refusedLines(of: report.name)
      #expect(lines.map(\.line) == [3, 4, 5, 6, 7, 8, 9])
      #expect(lines.map(\.column) == ["quantity", "customer", "store", "customer", "time", "", "orderCode"])
      #expect(!lines.contains { $0.reason.contains("99999") || $0.reason.contains("S99") })
      let rows = try await suite.rows("orders")
      #expect(rows.map { $0.values["orderCode"] } == [.text("1"), .text("9")])
      #expect(try rows[0].values["time"] == .time("1996-12-31T23:00:00Z"))
      #expect(rows[1].values["parent"] == .text("1"))
    }
  }

  @Test("create, update or both, as their mode says")
  func modes() async throws {
    try await withOrders { suite async throws in
      func run(_ mode: TypeV1.ImportMode, _ lines: String, emptyClears: Bool = false) async throws -> [Int64] {
        let progress = try await suite.importRows("orders", header + lines) {
          $0.mode = mode
          $0.emptyClears = emptyClears
        }.progress
        return [progress?.created ?? 0, progress?.updated ?? 0, progress?.refusedLines ?? 0]
      }
      #expect(try await run(.create, "1,00001,1997-01-01,1,1,S01,\n2,00001,1997-01-01,1,1,S01,\n") == [2, 0, 0])
      #expect(try await run(.create, "2,00001,1997-01-01,9,1,S01,\n3,00001,1997-01-01,1,1,S01,\n") == [1, 0, 1])
      #expect(try await run(.update, "3,,,7,,,\n4,00001,1997-01-01,1,1,S01,\n") == [0, 1, 1])
      #expect(
        try await run(.unspecified, "3,,,8,,,\n5,,,1,,,\n6,00002,1997-01-01,,,,\n1,00002,1997-01-02,,,,\n") == [
          1, 2, 1,
        ])
      #expect(try await run(.update, "3,00001,1997-01-01,,5,,\n", emptyClears: true) == [0, 1, 0])
      let rows = try await suite.rows("orders")
      #expect(rows.map { $0.values["quantity"] } == [.int(1), .int(1), nil, nil])
      #expect(rows.map { $0.values["customer"] } == [.int(2), .int(1), .int(1), .int(2)])
      #expect(rows.map { $0.values["store"] } == [.text("S01"), .text("S01"), nil, nil])
    }
  }

  @Test("let the last of several lines of one key win, in the order of the file")
  func repeats() async throws {
    try await withOrders { suite async throws in
      let report = try await suite.importRows(
        "orders", header + "1,00001,1997-01-01,1,,,\n1,,,2,,,\n1,,,3,,,\n2,00001,1997-01-01,1,,,\n1,,,4,,,\n")
      #expect(report.progress?.created == 2 && report.progress?.updated == 3)
      #expect(try await suite.rows("orders").first?.values["quantity"] == .int(4))
    }
  }

  @Test("link lines to lines of the same file, and refuse those whose parent is refused")
  func parents() async throws {
    try await withOrders { suite async throws in
      let report = try await suite.importRows(
        "orders",
        header + """
          1,00001,1997-01-01,,,,
          2,00001,1997-01-01,,,,1
          3,00001,1997-01-01,,,,4
          4,00001,1997-01-01,,,S99,
          5,00001,1997-01-01,,,,3
          6,00001,1997-01-01,,,,6

          """)
      #expect(report.progress?.created == 3)
      #expect(try await suite.refusedLines(of: report.name).map(\.line) == [4, 5, 6])
      #expect(try await suite.rows("orders").map { $0.values["parent"] } == [nil, .text("1"), .text("6")])
    }
  }

  @Test("refuse a line whose unique value belongs to another row")
  func otherUnique() async throws {
    try await TestSuite.with { suite async throws in
      var table = TablesV1.CustomTable.orders()
      table.columns.append(.init("invoice", .string, unique: true))
      try await suite.createTable("orders", table)
      let first = try await suite.importRows(
        "orders", "orderCode,customer,time,invoice\n1,00001,1997-01-01,a\n2,00001,1997-01-01,b\n")
      #expect(first.progress?.created == 2)
      let second = try await suite.importRows(
        "orders", "orderCode,customer,time,invoice\n3,00001,1997-01-01,a\n2,00001,1997-01-01,c\n1,00001,1997-01-01,a\n")
      #expect(second.progress?.created == 0 && second.progress?.updated == 2 && second.progress?.refusedLines == 1)
    }
  }

  @Test("ask Profiles once for each batch of lines")
  func batching() async throws {
    try await withOrders { suite async throws in
      let lines = (1...3_000).map { "\($0),0000\($0 % 9 + 1),1997-01-01,,,," }
      let before = suite.profiles.resolutions
      let report = try await suite.importRows("orders", header + lines.joined(separator: "\n"))
      #expect(report.progress?.created == 3_000)
      #expect(suite.profiles.resolutions == before + 1)
    }
  }

  @Test("tell the log of their rows by partition, as bulk work")
  func events() async throws {
    try await withOrders { suite async throws in
      let before = try await suite.events().count
      _ = try await suite.importRows(
        "orders", header + "1,00001,1997-01-01,,,,\n2,00001,1997-01-01,,,,\n3,00002,1997-01-01,,,,\n")
      let events = try await suite.events().dropFirst(before).map { try InternalV1.RowsChanged(decoding: $0.body) }
      #expect(events.count == 2 && events.allSatisfy { $0.bulk && $0.created })
      #expect(events.map(\.profiles).sorted { $0.count < $1.count } == [[2], [1, 1]])
    }
  }

  @Test("go on where they were broken off, and write nothing twice")
  func resumed() async throws {
    try await withOrders { suite async throws in
      let file = Array((header + (1...12_000).map { "\($0),0000\($0 % 9 + 1),1997-01-01,,,,\n" }.joined()).utf8)
      let start = TestSuite.importStart("orders")
      await #expect(throws: (any Error).self) {
        try await suite.client.call(TablesV1.TableService.importRows, options: suite.options(.writer([TestSuite.b2c])))
        {
          writer in
          try await writer.send(start)
          // As much as fills a batch; then the sender is gone.
          try await writer.send(TestSuite.chunk(file.prefix(200_000)))
          try await suite.untilSettled("orders")
          throw CancellationError()
        }
      }
      let list = try await suite.call(TablesV1.TableService.listRowImports) {
        $0.parent = "entities/b2c/customTables/orders"
      }
      let broken = try #require(list.imports.first)
      let settled = Int(broken.progress?.settledBytes ?? 0)
      #expect(broken.progress?.state == .running && settled > 0 && settled < 200_000)
      var resume = TablesV1.ImportRowsRequest()
      var part = TablesV1.ImportRowsStart()
      part.resume = broken.name
      resume.part = .start(part)
      let done = try await suite.importRows(first: resume, file.dropFirst(settled))
      #expect(done.progress?.state == .succeeded && done.progress?.created == 12_000 && done.progress?.updated == 0)
      #expect(try await suite.count("orders") == 12_000)
    }
  }

  @Test("are forgotten with their refused lines when they have not gone on for long")
  func forgotten() async throws {
    try await withOrders { suite async throws in
      let old = try await suite.importRows("orders", header + "1,00001,1997-01-01,,,,\n2,nobody,1997-01-01,,,,\n")
      let new = try await suite.importRows("orders", header + "3,nobody,1997-01-01,,,,\n")
      let sweep = ImportSweep(database: suite.test.database, time: suite.time)
      func names() async throws -> [String] {
        try await suite.call(TablesV1.TableService.listRowImports) {
          $0.parent = "entities/b2c/customTables/orders"
        }.imports.map(\.name)
      }
      func setAge(of name: String, days: Int64) async throws {
        let statement = Statement(
          name: "test.age", sql: "UPDATE imports SET updated_at = $2 WHERE id = $1")
        let id = try #require(name.split(separator: "/").last.flatMap { Int64($0) })
        try await suite.test.database.write(
          statement, [.int(id), .timestamp(suite.time.now.advanced(by: .seconds(-days * 86_400)))], as: .worker)
      }
      try await setAge(of: old.name, days: 89)
      try await sweep.sweep()
      #expect(try await names() == [new.name, old.name])
      try await setAge(of: old.name, days: 91)
      try await sweep.sweep()
      #expect(try await names() == [new.name])
      #expect(try await suite.refusedLines(of: new.name).count == 1)
      let lines = Statement(name: "test.lines", sql: "SELECT count(*) FROM refused_lines")
      #expect(try await suite.test.database.read(lines, [], as: .worker)[0].int(0) == 1)
    }
  }

  @Test(
    "of files that are at fault as a whole are refused, and change nothing",
    arguments: [
      "", "orderCode,customer\n1,00001\n\u{0}", "orderCode,customer,customer\n", "customer,time\n00001,1997-01-01\n",
      "\"orderCode,customer\n",
    ])
  func badFiles(file: String) async throws {
    try await withOrders { suite async throws in
      if file.hasSuffix("\u{0}") {
        // A line is refused by itself.
        #expect(try await suite.importRows("orders", file).progress?.refusedLines == 2)
      } else {
        await #expect(throws: RPCError.self) { try await suite.importRows("orders", file) }
      }
      #expect(try await suite.rows("orders").isEmpty)
    }
  }

  @Test("by a key that is not unique, or of an unknown column, are refused with the setting at fault")
  func badSettings() async throws {
    try await withOrders { suite async throws in
      for (key, field) in [
        ("note", "start.settings.key"), ("x", "start.settings.key"), ("store", "start.settings.key"),
      ] {
        let error = await #expect(throws: RPCError.self) {
          try await suite.importRows("orders", header) { $0.key = key }
        }
        #expect(error?.code == .invalidArgument && error?.fieldViolations.map(\.field) == [field])
      }
    }
  }

  @Test("come back as an export in the order of the rows")
  func export() async throws {
    try await withOrders { suite async throws in
      _ = try await suite.importRows(
        "orders", header + "1,00001,1997-01-01T10:00:00Z,1,11.770,S01,\n\"2,\"\"x\",00002,1997-01-02T10:00:00Z,,,,1\n")
      var request = TablesV1.ExportRowsRequest()
      request.parent = "entities/b2c/customTables/orders"
      request.columns = ["orderCode", "customer", "time", "amount", "parent"]
      var file: [UInt8] = []
      try await suite.client.call(
        TablesV1.TableService.exportRows, request, options: suite.options(.writer([TestSuite.b2c]))
      ) { stream in
        for try await response in stream { file += response.chunk }
      }
      #expect(
        String(decoding: file, as: UTF8.self)
          == [
            "id,orderCode,customer,time,amount,parent", "1,1,1,1997-01-01T10:00:00Z,11.770,",
            "2,\"2,\"\"x\",2,1997-01-02T10:00:00Z,,1", "",
          ].joined(separator: "\r\n"))
    }
  }
}
