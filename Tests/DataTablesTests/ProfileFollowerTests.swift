import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing
import UserTables

@testable import DataTables

@Suite("Rows of profiles that are gone")
struct ProfileFollowerTests {
  private func order(_ code: String, _ customer: String) throws -> [String: TypeV1.Value] {
    try ["orderCode": .text(code), "customer": .text(customer), "time": .time("2024-05-01T08:00:00Z")]
  }

  private func event(_ message: some Message) throws -> InternalV1.LogEvent {
    var event = InternalV1.LogEvent()
    event.type = type(of: message).descriptor.name
    event.body = try message.encoded()
    event.entity = TestSuite.b2c.id
    event.profileTable = 7
    return event
  }

  private func apply(_ message: some Message, _ suite: TestSuite) async throws {
    let event = try event(message)
    try await suite.test.database.transaction(as: .worker) { transaction in
      try await suite.rooms.follower.apply([event], in: transaction)
    }
  }

  private func deleted(_ profiles: [UInt32]) -> InternalV1.ProfileDeleted {
    var message = InternalV1.ProfileDeleted()
    message.profileTable = 7
    message.profiles = profiles
    return message
  }

  private func prepare(_ suite: TestSuite) async throws {
    try await suite.createTable("cars", .cars())
    try await suite.createTable("orders", .orders())
    for code in 1...3 { try await suite.createRow("orders", order("\(code)", "0000\(code)")) }
    try await suite.createRow("cars", ["owner": .int(2), "plate": .text("X")])
  }

  @Test("go with them, in every table, and each is told to the log")
  func deletion() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      try await apply(deleted([2, 999]), suite)
      #expect(try await suite.rows("orders").map { $0.values["orderCode"] } == [.text("1"), .text("3")])
      #expect(try await suite.rows("cars").isEmpty)
      #expect(try await suite.events().suffix(2).allSatisfy { $0.type.hasSuffix("RowsDeleted") })
      // An event may come twice.
      try await apply(deleted([2, 999]), suite)
      #expect(try await suite.rows("orders").count == 2)
    }
  }

  @Test("are not written any more by who resolved their key before")
  func tombstones() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      // Profiles answers as it did before the profile was deleted.
      try await apply(deleted([2]), suite)
      let refusal = try await suite.refusal(TablesV1.TableService.createRow) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.row = .init()
        request.row?.values = try order("9", "00002")
      }
      #expect(refusal.code == .invalidArgument && refusal.fields == ["row.values.customer"])
      let report = try await suite.importRows(
        "orders", "orderCode,customer,time\n8,00002,2024-01-01\n9,00001,2024-01-01\n")
      #expect(report.progress?.created == 1 && report.progress?.refusedLines == 1)
    }
  }

  @Test("wait for a writer that is on its way, and then go too")
  func writerOnItsWay() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      let table = try #require(await suite.rooms.tables.find("orders", entity: 1))
      let written = Gate()
      let release = Gate()
      async let writer: Void = suite.test.database.transaction(as: .entity(1)) { transaction in
        let reader = FieldReaderSample.utc
        var change = try RowChange(try order("late", "00002"), table: table, reader: reader)
        try await change.resolveProfile(
          suite.rooms.profiles, owner: table.owner, entity: TestSuite.b2c, deadline: nil)
        let row = try await RowStore.create(change, in: table, transaction: transaction)
        #expect(row?.profile == 2)
        written.open()
        await release.wait()
      }
      await written.wait()
      async let follower: Void = apply(deleted([2]), suite)
      try await suite.untilBlocked()
      release.open()
      _ = try await (writer, follower)
      #expect(try await suite.rows("orders").map { $0.values["orderCode"] } == [.text("1"), .text("3")])
    }
  }

  @Test("go although rows of others refuse it: an optional link is cleared, a required one takes its row along")
  func erasure() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      let orders = "entities/b2c/customTables/orders"
      try await suite.createTable("returns", .orders(links: [.init("order", to: orders)]))
      try await suite.createTable("lines", .orders(links: [.init("order", to: orders, required: true)]))
      for table in ["returns", "lines"] {
        try await suite.createRow(table, order("1", "00001").merging(["order": .text("2")]) { $1 })
      }
      try await apply(deleted([2]), suite)
      #expect(try await suite.rows("lines").isEmpty)
      let returns = try await suite.rows("returns")
      #expect(returns.count == 1 && returns.first?.values["order"] == nil)
    }
  }

  @Test("go with their profile table")
  func tableDeletion() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      var message = InternalV1.ProfileTableDeleted()
      message.profileTable = 7
      try await apply(message, suite)
      #expect(try await suite.rows("orders").isEmpty)
      let refusal = try await suite.refusal(TablesV1.TableService.createRow) { request in
        request.parent = "entities/b2c/customTables/orders"
        request.row = .init()
        request.row?.values = try order("9", "00001")
      }
      #expect(refusal.code == .invalidArgument)
    }
  }

  @Test("are found by asking Profiles when the log was missed")
  func rebuild() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      suite.profiles.removeProfile(3, from: TestSuite.customers)
      try await suite.rooms.follower.rebuild()
      #expect(try await suite.rows("orders").map { $0.values["orderCode"] } == [.text("1"), .text("2")])
      suite.profiles.removeTable(TestSuite.customers)
      try await suite.rooms.follower.rebuild()
      #expect(try await suite.rows("orders").isEmpty)
    }
  }
}
