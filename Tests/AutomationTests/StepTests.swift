import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables
import Values

@testable import Automation

@Suite("Steps")
struct StepTests {
  @Test("wait, for a hundred days too, and go on when they are late")
  func waits() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate(
        "test",
        .sample(steps: [
          .wait("short", seconds: 2, next: "long"), .wait("long", seconds: 100 * 86_400, next: "set"), .update("set"),
        ]))
      let begun = suite.time.now
      try await suite.start()
      try await suite.work()
      let waiting = try await suite.executions()[0]
      #expect(waiting.state == .waiting && waiting.step == "short" && waiting.steps.isEmpty)
      #expect(waiting.dueTime == begun.advanced(by: .seconds(2)).message)
      suite.time.advance(by: .milliseconds(1_999))
      try await suite.work()
      #expect(try await suite.executions()[0].step == "short")
      suite.time.advance(by: .milliseconds(1))
      try await suite.work()
      #expect(try await suite.executions()[0].step == "long")
      for _ in 1...99 {
        suite.time.advance(by: .seconds(86_400))
        try await suite.work()
      }
      #expect(try await suite.executions()[0].state == .waiting && suite.neighbours.writeCount == 0)
      // Nobody worked for ten days.
      suite.time.advance(by: .seconds(10 * 86_400))
      try await suite.work()
      let done = try await suite.executions()[0]
      #expect(done.state == .completed && done.step == "set" && done.endTime == suite.time.now.message)
      #expect(done.steps.map(\.step) == ["short", "long", "set"])
      #expect(done.steps.map(\.outcome) == ["waited", "waited", "wrote vip"])
      #expect(suite.neighbours.fields(1)["vip"] == .bool(true))
    }
  }

  @Test("branch on the trigger's values and on the profile as it is then")
  func branches() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate(
        "test",
        .sample(steps: [
          .branch("rated", on: .triggerValue("rating"), .from(.int(4)), then: "send", otherwise: "known"),
          .send("send"),
          .branch("known", on: .profileField("vip"), .equals(.bool(true)), otherwise: "set"), .update("set"),
        ]))
      for (profile, rating): (String, Int64) in [("1", 4), ("2", 3), ("3", 1)] {
        try await suite.start(profile: profile, values: ["rating": .int(rating)])
      }
      suite.neighbours.with { $0.profiles[TestSuite.customers]?[3]?["vip"] = .bool(true) }
      try await suite.work()
      let ways = try await suite.executions().map { $0.steps.map { "\($0.step) \($0.outcome)" } }
      #expect(
        ways == [
          ["rated then", "send entities/b2c/campaigns/thank-you/messages/1"],
          ["rated otherwise", "known otherwise", "set wrote vip"], ["rated otherwise", "known then"],
        ])
      #expect(try await suite.executions().allSatisfy { $0.state == .completed })
      #expect(suite.neighbours.sends.map(\.profile) == [1] && suite.neighbours.sends[0].values == ["rating": .int(4)])
    }
  }

  @Test("are tried again, less and less often, while a peer is away")
  func retries() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.send("send")]))
      try await suite.start()
      suite.neighbours.fail(RPCError(.unavailable, "away"), times: 3)
      for pause in [0, 1, 2] {
        suite.time.advance(by: .seconds(pause))
        try await suite.work()
      }
      #expect(try await suite.executions()[0].state == .running && suite.neighbours.effectCalls == 3)
      suite.time.advance(by: .milliseconds(3_999))
      try await suite.work()
      #expect(suite.neighbours.effectCalls == 3)
      suite.time.advance(by: .milliseconds(1))
      try await suite.work()
      #expect(try await suite.executions()[0].state == .completed && suite.neighbours.sendCount == 1)
    }
  }

  @Test("are given up before the peers forget what was asked of them")
  func patience() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.send("send")]))
      try await suite.start()
      suite.neighbours.fail(RPCError(.unavailable, "away"), times: 2)
      try await suite.work()
      suite.time.advance(by: .seconds(6 * 86_400))
      try await suite.work()
      let execution = try await suite.executions()[0]
      #expect(execution.state == .failed && execution.error.contains("UNAVAILABLE"))
      #expect(suite.time.now.duration(since: try Timestamp(#require(execution.createTime))) < RequestLedger.memory)
    }
  }

  @Test("that are refused for good end the execution, and the refusal is kept")
  func refusals() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.send("send", next: "set"), .update("set")]))
      try await suite.start()
      suite.neighbours.fail(RPCError(.failedPrecondition, "The campaign is paused.", reason: "CAMPAIGN_NOT_ACTIVE"))
      try await suite.work()
      let execution = try await suite.executions()[0]
      #expect(execution.state == .failed && execution.step == "send")
      #expect(execution.error == "FAILED_PRECONDITION (CAMPAIGN_NOT_ACTIVE): The campaign is paused.")
      #expect(execution.steps.map(\.outcome) == ["failed"] && suite.neighbours.writeCount == 0)
    }
  }

  @Test("stay on the version of the scenario that the execution began with")
  func versions() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.wait("w", seconds: 10, next: "set"), .update("set")]))
      try await suite.start(profile: "1")
      try await suite.work()
      _ = try await suite.call(AutomationV1.ScenarioService.updateScenario) {
        $0.scenario = .sample(steps: [.wait("pause", seconds: 10, next: "send"), .send("send")])
        $0.scenario?.name = "entities/b2c/scenarios/test"
        $0.updateMask = .init(paths: "steps")
      }
      try await suite.start(profile: "2")
      try await suite.work()
      suite.time.advance(by: .seconds(10))
      try await suite.work()
      let executions = try await suite.executions()
      #expect(executions.map(\.version) == [1, 2] && executions.allSatisfy { $0.state == .completed })
      #expect(executions.map { $0.steps.map(\.step) } == [["w", "set"], ["pause", "send"]])
    }
  }

  @Test("end with the profile")
  func deletedProfiles() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.wait("w", seconds: 10, next: "set"), .update("set")]))
      for profile in ["1", "2"] { try await suite.start(profile: profile, values: ["name": .text("Zoë")]) }
      try await suite.work()
      var deleted = InternalV1.ProfileDeleted()
      (deleted.profileTable, deleted.profiles) = (7, [1])
      try await suite.follow(suite.rooms.profileFollower, [deleted])
      suite.time.advance(by: .seconds(10))
      try await suite.work()
      #expect(try await suite.executions().map(\.state) == [.left, .completed])
      #expect(suite.neighbours.writeCount == 1)
      // Whoever looked the profile up before begins nothing for it any more.
      let late = try await suite.refusal(AutomationV1.ScenarioService.startExecution) {
        ($0.parent, $0.profile) = ("entities/b2c/scenarios/test", "\(TestSuite.customers)/profiles/1")
      }
      #expect(late.code == .failedPrecondition)
      #expect(try await suite.keptValues() == 0)
    }
  }

  @Test("end with the profile that was missed by the log")
  func rebuild() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.wait("w", seconds: 10)]))
      for profile in ["1", "2"] { try await suite.start(profile: profile) }
      suite.neighbours.with { _ = $0.profiles[TestSuite.customers]?.removeValue(forKey: 2) }
      try await suite.rooms.profileFollower.rebuild()
      #expect(try await suite.executions().map(\.state) == [.running, .left])
    }
  }
}
