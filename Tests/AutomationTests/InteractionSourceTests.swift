import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables
import Values

@testable import Automation

@Suite("The timeline's executions")
struct InteractionSourceTests {
  private func list(
    _ suite: TestSuite, limit: Int32 = 10, bound: [UInt8] = [],
    as entity: TestSuite.Caller = .service(.dataTables, [TestSuite.b2c]),
    _ fill: (inout InternalV1.ListProfileInteractionsRequest) -> Void = { _ in }
  ) async throws -> InternalV1.ListProfileInteractionsResponse {
    try await suite.call(InternalV1.InteractionSourceService.listProfileInteractions, as: entity) { request in
      (request.profileTable, request.profileTableNumber, request.profile) = (TestSuite.customers, 7, 1)
      (request.limit, request.bound) = (limit, bound)
      fill(&request)
    }
  }

  private func prepare(_ suite: TestSuite) async throws {
    try await suite.activate("test", .sample())
    for _ in 1...5 {
      try await suite.start()
      try await suite.start(profile: "2")
      suite.time.advance(by: .seconds(1))
    }
    // Two at the same time.
    try await suite.start()
    try await suite.start()
    try await suite.work()
  }

  @Test("come newest first, page by page, without gap or repeat, and without what begins meanwhile")
  func pages() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      let all = try await list(suite)
      #expect(all.interactions.count == 7)
      let places = all.interactions.map { ($0.interaction?.time?.seconds ?? 0, $0.number) }
      #expect(places.map(\.1) == places.sorted { $0 > $1 }.map(\.1))
      let newest = try #require(all.interactions.first?.interaction)
      #expect(newest.kind == .execution && newest.resource == "entities/b2c/scenarios/test")
      #expect(newest.summary == "Scenario test: completed" && newest.values["step"] == .text("set"))
      var found: [Int64] = []
      var page = try await list(suite, limit: 3)
      while let last = page.interactions.last {
        found += page.interactions.map(\.number)
        try await suite.start()
        page = try await list(suite, limit: 3, bound: page.bound) { request in
          var after = InternalV1.InteractionPosition()
          let time = try? Timestamp(last.interaction?.time ?? .init())
          (after.time, after.source, after.number) = (time?.microsecondsSinceEpoch ?? 0, last.source, last.number)
          request.after = after
        }
      }
      #expect(found == all.interactions.map(\.number))
    }
  }

  @Test("are bounded by the profile's own newest, whatever others have begun since")
  func ownBound() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample())
      try await suite.start()
      try await suite.start(profile: "2")
      let all = try await list(suite)
      #expect(all.bound == all.interactions.first?.number.bigEndianBytes)
    }
  }

  @Test("stand behind other sources of the same time by name, and are left out where other kinds are asked for")
  func otherSources() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      let newest = try #require(try await list(suite).interactions.first?.interaction?.time)
      func behind(_ source: String) async throws -> Int {
        try await list(suite) { request in
          var after = InternalV1.InteractionPosition()
          (after.time, after.source, after.number) =
            ((try? Timestamp(newest).microsecondsSinceEpoch) ?? 0, source, 1)
          request.after = after
        }.interactions.count
      }
      #expect(try await behind("a.source") == 7)
      #expect(try await behind("forms.participations") == 5)
      #expect(try await list(suite) { $0.kinds = [.row] }.interactions.isEmpty)
      #expect(try await list(suite) { $0.startTime = newest }.interactions.count == 2)
      #expect(try await list(suite) { $0.endTime = newest }.interactions.count == 5)
    }
  }

  @Test("are for DataTables alone, and of its entity alone")
  func callers() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      let outside = await #expect(throws: RPCError.self) { try await list(suite, as: .writer([TestSuite.b2c])) }
      #expect(outside?.code == .permissionDenied)
      let foreign = await #expect(throws: RPCError.self) {
        try await list(suite, as: .service(.dataTables, [TestSuite.b2b]))
      }
      #expect(foreign?.code == .notFound)
    }
  }
}
