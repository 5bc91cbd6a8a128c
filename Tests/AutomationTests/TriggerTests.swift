import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables

@testable import Automation

@Suite("Triggers")
struct TriggerTests {
  @Test("let a row through that meets the conditions, once, however often it is told")
  func rows() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(.row(where: [("amount", .after(.int(200)))])))
      try suite.neighbours.addOrder(1, of: 1, amount: "200")
      try suite.neighbours.addOrder(2, of: 2, amount: "200.01")
      // The third is gone before anybody looks.
      for _ in 1...2 {
        try await suite.follow(rows: [(1, 1), (2, 2), (3, 3)])
        try await suite.work()
      }
      let executions = try await suite.executions()
      #expect(executions.map(\.profile) == ["\(TestSuite.customers)/profiles/2"])
      #expect(suite.neighbours.writeCount == 1 && suite.neighbours.fields(2)["vip"] == .bool(true))
    }
  }

  @Test("compare links by the key that the row carries")
  func links() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(.row(where: [("store", .equals(.text("S02")))])))
      try suite.neighbours.addOrder(1, of: 1, amount: "1")
      try await suite.follow(rows: [(1, 1)])
      try await suite.work()
      #expect(try await suite.executions().isEmpty)
    }
  }

  @Test("let changes and imports through only when they say so")
  func updatesAndImports() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("new", .sample(.row()))
      try await suite.activate("changed", .sample(.row(onUpdate: true)))
      try await suite.activate("bulk", .sample(.row(bulk: true)))
      for number: Int64 in 1...4 { try suite.neighbours.addOrder(number, of: UInt32(number), amount: "1") }
      try await suite.follow(rows: [(1, 1)], at: 1)
      try await suite.follow(rows: [(2, 2)], created: false, at: 2)
      try await suite.follow(rows: [(2, 2)], created: false, at: 3)
      try await suite.follow(rows: [(3, 3), (4, 4)], bulk: true, at: 4)
      try await suite.work()
      func profiles(_ id: String) async throws -> [String] {
        try await suite.executions(id).map { String($0.profile.split(separator: "/").last ?? "") }
      }
      #expect(try await profiles("new") == ["1"])
      #expect(try await profiles("changed") == ["1", "2", "2"])
      #expect(try await profiles("bulk") == ["1", "3", "4"])
    }
  }

  @Test("begin with a profile's participation and its answers; its changes and anonymous ones begin nothing")
  func participations() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate(
        "test",
        .sample(
          .participation(),
          steps: [
            .wait("w", seconds: 2, next: "rated"),
            .branch("rated", on: .triggerValue("rating"), .from(.int(4)), then: "send", otherwise: "set"),
            .send("send"), .update("set"),
          ]))
      let happy = suite.neighbours.addParticipation(1, of: 1, rating: 5)
      let unhappy = suite.neighbours.addParticipation(2, of: 2, rating: 2)
      try await suite.follow(participation: happy, of: 1)
      try await suite.follow(participation: happy, of: 1)
      try await suite.follow(participation: happy, of: 1, created: false)
      try await suite.follow(participation: unhappy, of: 2)
      try await suite.follow(participation: "entities/b2c/forms/win-back/participations/3", of: 0)
      try await suite.follow(participation: "entities/b2c/forms/other/participations/4", of: 3)
      try await suite.work()
      suite.time.advance(by: .seconds(2))
      try await suite.work()
      #expect(try await suite.executions().map(\.state) == [.completed, .completed])
      #expect(suite.neighbours.sends.map(\.profile) == [1] && suite.neighbours.fields(2)["vip"] == .bool(true))
    }
  }

  @Test("begin nothing before activation, in a pause, and for what happened before")
  func states() async throws {
    try await TestSuite.with { suite async throws in
      try suite.neighbours.addOrder(1, of: 1, amount: "1")
      try suite.neighbours.addOrder(2, of: 2, amount: "1")
      _ = try await suite.create("test", .sample(.row()))
      try await suite.follow(rows: [(1, 1)])
      let follower = RowFollower(time: suite.time)
      let before = suite.time.now
      suite.time.advance(by: .seconds(5))
      _ = try await suite.call(AutomationV1.ScenarioService.activateScenario) {
        $0.name = "entities/b2c/scenarios/test"
      }
      var event = InternalV1.LogEvent()
      var changed = InternalV1.RowsChanged()
      (changed.customTable, changed.rows, changed.profiles, changed.created) = (31, [1], [1], true)
      (event.type, event.body) = (InternalV1.RowsChanged.descriptor.name, try changed.encoded())
      event.time = before.message
      let late = event
      try await suite.test.database.transaction(as: .worker) { try await follower.apply([late], in: $0) }
      try await suite.work()
      // It arrives, and the scenario is paused before anybody looks.
      try await suite.follow(rows: [(2, 2)])
      _ = try await suite.call(AutomationV1.ScenarioService.pauseScenario) { $0.name = "entities/b2c/scenarios/test" }
      try await suite.work()
      #expect(try await suite.executions().isEmpty)
    }
  }

  @Test("wait for a peer that is away, and begin then")
  func awayPeer() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(.row()))
      try suite.neighbours.addOrder(1, of: 1, amount: "1")
      try await suite.follow(rows: [(1, 1)])
      suite.neighbours.failLooking(RPCError(.unavailable, "away"))
      try await suite.work()
      #expect(try await suite.executions().isEmpty)
      suite.time.advance(by: .seconds(1))
      try await suite.work()
      #expect(try await suite.executions().count == 1)
    }
  }

  @Test("of a scenario that is used once, one at a time, or always")
  func reentry() async throws {
    try await TestSuite.with { suite async throws in
      let steps: [AutomationV1.Step] = [.wait("w", seconds: 10)]
      try await suite.activate("never", .sample(.row(onUpdate: true), reentry: .never, steps: steps))
      try await suite.activate("single", .sample(.row(onUpdate: true), reentry: .oneAtATime, steps: steps))
      try await suite.activate("always", .sample(.row(onUpdate: true), reentry: .always, steps: steps))
      try suite.neighbours.addOrder(1, of: 1, amount: "1")
      // Two at once, one while it waits, one when it has ended.
      try await suite.follow(rows: [(1, 1)], created: false, at: 1)
      try await suite.follow(rows: [(1, 1)], created: false, at: 2)
      try await suite.work()
      try await suite.follow(rows: [(1, 1)], created: false, at: 3)
      try await suite.work()
      suite.time.advance(by: .seconds(10))
      try await suite.work()
      try await suite.follow(rows: [(1, 1)], created: false, at: 4)
      try await suite.work()
      #expect(try await suite.executions("never").count == 1)
      #expect(try await suite.executions("single").count == 2)
      #expect(try await suite.executions("always").count == 4)
    }
  }
}
