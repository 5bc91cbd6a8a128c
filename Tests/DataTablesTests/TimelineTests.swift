import Messages
import RPC
import ServiceKit
import ServiceTesting
import Synchronization
import Testing
import UserTables
import Values

@testable import DataTables

@Suite("The timeline")
struct TimelineTests {
  private typealias Listed = (ids: [String], summaries: [String])

  private func prepare(_ suite: TestSuite) async throws {
    for table in ["orders", "visits"] { try await suite.createTable(table, .orders()) }
    try await suite.createTable("cars", .cars())
    try await suite.createRow("cars", ["owner": .int(3), "plate": .text("X")])
  }

  private func add(_ table: String, _ code: String, _ day: String, customer: String = "00003", _ suite: TestSuite)
    async throws
  {
    try await suite.createRow(
      table, ["orderCode": .text(code), "customer": .text(customer), "time": .time("2024-01-\(day)T00:00:00Z")])
  }

  private func page(
    _ suite: TestSuite, size: Int32 = 100, token: String = "", profile: String = "3",
    _ fill: (inout InteractionsV1.ListInteractionsRequest) throws -> Void = { _ in }
  ) async throws -> InteractionsV1.ListInteractionsResponse {
    try await suite.call(InteractionsV1.InteractionService.listInteractions) { request in
      request.parent = TestSuite.customers + "/profiles/" + profile
      request.pageSize = size
      request.pageToken = token
      try fill(&request)
    }
  }

  @Test("lists the rows of every table of interactions, newest first, and nothing else")
  func merged() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      try await add("orders", "a", "02", suite)
      try await add("visits", "b", "03", suite)
      try await add("orders", "c", "01", suite)
      try await add("orders", "other", "09", customer: "00004", suite)
      let page = try await page(suite)
      #expect(page.interactions.map(\.summary) == ["visits b", "orders a", "orders c"])
      #expect(page.nextPageToken.isEmpty)
      let first = try #require(page.interactions.first)
      #expect(first.kind == .row && first.resource == "entities/b2c/customTables/visits/rows/1")
      #expect(first.values["orderCode"] == .text("b"))
      #expect(try first.time?.seconds == Timestamp(parsing: "2024-01-03T00:00:00Z").message.seconds)
      #expect(try await self.page(suite, profile: "customerCode=00003").interactions == page.interactions)
    }
  }

  @Test("pages without gap or repeat, whatever arrives meanwhile, however times coincide", arguments: 1...4)
  func paging(size: Int) async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      for (place, day) in ["05", "05", "04", "05", "01", "04"].enumerated() {
        try await add(place.isMultiple(of: 2) ? "orders" : "visits", "\(place)", day, suite)
      }
      let whole = try await page(suite).interactions.map(\.id)
      #expect(whole.count == 6)
      var seen: [String] = []
      var token = ""
      repeat {
        let next = try await page(suite, size: Int32(size), token: token)
        #expect(next.interactions.count <= size)
        seen += next.interactions.map(\.id)
        token = next.nextPageToken
        // A new one, and one that is back-dated.
        try await add("orders", "new\(seen.count)", "20", suite)
        try await add("visits", "late\(seen.count)", "02", suite)
      } while !token.isEmpty
      #expect(seen == whole)
      #expect(try await page(suite).interactions.count > 6)
    }
  }

  @Test("keeps to its kinds and times")
  func filters() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      for day in ["01", "02", "03"] { try await add("orders", day, day, suite) }
      let some = try await page(suite) { request in
        request.startTime = try Timestamp(parsing: "2024-01-02T00:00:00Z").message
        request.endTime = try Timestamp(parsing: "2024-01-03T00:00:00Z").message
      }
      #expect(some.interactions.map(\.summary) == ["orders 02"])
      #expect(try await page(suite) { $0.kinds = [.click] }.interactions.isEmpty)
      #expect(try await page(suite) { $0.kinds = [.row, .click] }.interactions.count == 3)
    }
  }

  @Test("of a profile that does not exist is not found, and a token of another listing is refused")
  func refusals() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      for day in ["01", "02", "03"] { try await add("orders", day, day, suite) }
      for profile in ["99", "customerCode=99999", "x"] {
        let refusal = try await suite.refusal(InteractionsV1.InteractionService.listInteractions) {
          $0.parent = TestSuite.customers + "/profiles/" + profile
        }
        #expect(refusal.code == .notFound)
      }
      let token = try await page(suite, size: 1).nextPageToken
      await #expect(throws: RPCError.self) { try await page(suite, size: 1, token: token, profile: "4") }
      await #expect(throws: RPCError.self) { try await page(suite, size: 1, token: token) { $0.kinds = [.row] } }
      await #expect(throws: RPCError.self) { try await page(suite, size: 1, token: "x") }
    }
  }

  @Test("merges what other services recorded, and passes on where each page begins and what was there at first")
  func peers() async throws {
    let messages = InteractionsDouble()
    for (number, day) in [(1, "04"), (2, "02"), (3, "05")] {
      try messages.add(Int64(number), at: "2024-01-\(day)T00:00:00Z")
    }
    try await TestSuite.with(source: messages.router) { suite async throws in
      try await prepare(suite)
      try await add("orders", "a", "04", suite)
      try await add("orders", "b", "03", suite)
      let whole = try await page(suite).interactions.map(\.id)
      // At one time, sources come in the order of their names.
      #expect(whole == ["messages/3", "messages/1", "tables.1/1", "tables.1/2", "messages/2"])
      var seen: [String] = []
      var token = ""
      repeat {
        let next = try await page(suite, size: 2, token: token)
        seen += next.interactions.map(\.id)
        token = next.nextPageToken
        try messages.add(Int64(10 + seen.count), at: "2024-01-01T00:00:00Z")
      } while !token.isEmpty
      #expect(seen == whole)
      #expect(try await page(suite) { $0.kinds = [.row] }.interactions.count == 2)
    }
  }

  @Test("fails as a whole when one of the services does not answer")
  func unavailable() async throws {
    var router = Router()
    router.handle(InternalV1.InteractionSourceService.listProfileInteractions) { _, _ in
      throw RPCError(.unavailable, "away")
    }
    try await TestSuite.with(source: router) { suite async throws in
      try await prepare(suite)
      let refusal = try await suite.refusal(InteractionsV1.InteractionService.listInteractions) {
        $0.parent = TestSuite.customers + "/profiles/3"
      }
      #expect(refusal.code == .unavailable)
    }
  }
}

/// Answers as a service does that records interactions of one profile.
final class InteractionsDouble: Sendable {
  private let items = Mutex<[(place: TimelinePlace, arrival: Int)]>([])

  func add(_ number: Int64, at time: String) throws {
    let place = TimelinePlace(
      time: try Timestamp(parsing: time).microsecondsSinceEpoch, source: "messages", number: number)
    items.withLock { $0.append((place, $0.count)) }
  }

  var router: Router {
    var router = Router()
    router.handle(InternalV1.InteractionSourceService.listProfileInteractions) { request, _ in
      try self.list(request)
    }
    return router
  }

  private func list(
    _ request: InternalV1.ListProfileInteractionsRequest
  ) throws -> InternalV1.ListProfileInteractionsResponse {
    let all = items.withLock { $0 }
    let bound = request.bound.first.map(Int.init) ?? all.count
    let after = request.after.map { TimelinePlace(time: $0.time, source: $0.source, number: $0.number) }
    let places = all.filter { $0.arrival < bound }.map(\.place).filter { place in after.map { place > $0 } ?? true }
    var response = InternalV1.ListProfileInteractionsResponse()
    response.bound = [UInt8(bound)]
    response.interactions = try places.sorted().prefix(Int(request.limit)).map { place in
      var sourced = InternalV1.SourcedInteraction()
      sourced.source = place.source
      sourced.number = place.number
      var interaction = InteractionsV1.Interaction()
      interaction.id = "messages/\(place.number)"
      interaction.kind = .message
      interaction.time = try Timestamp(microsecondsSinceEpoch: place.time).message
      sourced.interaction = interaction
      return sourced
    }
    return response
  }
}
