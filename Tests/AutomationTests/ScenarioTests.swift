import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing

@testable import Automation

@Suite("Scenarios")
struct ScenarioTests {
  @Test("are created as drafts, read, listed, changed and deleted")
  func lifecycle() async throws {
    try await TestSuite.with { suite async throws in
      var sent = AutomationV1.Scenario.sample(steps: [.wait("w", seconds: 3, next: "s"), .send("s")])
      sent.displayName = "Thanks"
      let created = try await suite.create("thanks", sent)
      #expect(created.name == "entities/b2c/scenarios/thanks" && created.state == .draft && created.version == 1)
      #expect(created.steps == sent.steps && created.trigger == sent.trigger && created.reentry == .always)
      _ = try await suite.create("another", .sample())
      let first: AutomationV1.ListScenariosResponse = try await suite.call(
        AutomationV1.ScenarioService.listScenarios
      ) { ($0.parent, $0.pageSize) = ("entities/-", 1) }
      #expect(first.scenarios.map(\.name) == ["entities/b2c/scenarios/another"])
      let second: AutomationV1.ListScenariosResponse = try await suite.call(
        AutomationV1.ScenarioService.listScenarios
      ) { ($0.parent, $0.pageSize, $0.pageToken) = ("entities/-", 1, first.nextPageToken) }
      #expect(second.scenarios == [created] && second.nextPageToken.isEmpty)
      let updated: AutomationV1.Scenario = try await suite.call(AutomationV1.ScenarioService.updateScenario) {
        $0.scenario = .sample(reentry: .never)
        $0.scenario?.name = created.name
        $0.updateMask = .init(paths: "reentry")
      }
      #expect(updated.reentry == .never && updated.steps == sent.steps && updated.version == 2)
      _ = try await suite.call(AutomationV1.ScenarioService.deleteScenario) { $0.name = created.name }
      let gone = try await suite.refusal(AutomationV1.ScenarioService.getScenario) { $0.name = created.name }
      #expect(gone.code == .notFound)
    }
  }

  @Test("are not deleted while they are active, and take their executions along")
  func deletion() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.wait("w", seconds: 60)]))
      try await suite.start()
      let name = "entities/b2c/scenarios/test"
      let refusal = try await suite.refusal(AutomationV1.ScenarioService.deleteScenario) { $0.name = name }
      #expect(refusal.reason == "SCENARIO_ACTIVE")
      _ = try await suite.call(AutomationV1.ScenarioService.pauseScenario) { $0.name = name }
      _ = try await suite.call(AutomationV1.ScenarioService.deleteScenario) { $0.name = name }
      #expect(try await suite.rooms.executionWorker.workOnce() == 0)
    }
  }

  @Test("are gone at once, and what is left of them goes in pieces")
  func deletionInPieces() async throws {
    try await TestSuite.with { suite async throws in
      let name = "entities/b2c/scenarios/test"
      for id in ["test", "other"] {
        try await suite.activate(id, .sample(steps: [.wait("w", seconds: 60, next: "v"), .wait("v", seconds: 60)]))
        try await suite.start(id)
        suite.time.advance(by: .seconds(1))
      }
      try await suite.multiplyExecutions(by: 2 * DeletedScenarios.batch + 1)
      let held = try await suite.rooms.executions.claimDue(limit: 1, now: suite.time.now)
      _ = try await suite.call(AutomationV1.ScenarioService.pauseScenario) { $0.name = name }
      _ = try await suite.call(AutomationV1.ScenarioService.deleteScenario) { $0.name = name }
      // Nothing of it moves any more, not even what a copy holds that knows the version.
      let settlement = StepMachine.Settlement.moved(to: "v", outcome: "waited")
      #expect(try await suite.rooms.executions.settle(held[0], settlement, now: suite.time.now) == nil)
      #expect(try await suite.rooms.executions.claimDue(limit: 5_000, now: suite.time.now).count == 1)
      #expect(try await suite.activate("test", .sample()).version == 1)
      #expect(try await suite.executions("test").isEmpty)

      try await suite.rooms.deletedScenarios.sweep()
      #expect(try await suite.count("SELECT count(*) FROM executions") == 1)
      // It is remembered until whatever was on its way has come.
      #expect(try await suite.count("SELECT count(*) FROM deleted_scenarios") == 1)
      suite.time.advance(by: .seconds(3_601))
      try await suite.rooms.deletedScenarios.sweep()
      #expect(try await suite.count("SELECT count(*) FROM deleted_scenarios") == 0)
      #expect(try await suite.executions("other").count == 1)
    }
  }

  @Test("have ids that differ, whatever their case")
  func sameID() async throws {
    try await TestSuite.with { suite async throws in
      _ = try await suite.create("thanks", .sample())
      let refusal = try await suite.refusal(AutomationV1.ScenarioService.createScenario) { request in
        (request.parent, request.scenarioId, request.scenario) = ("entities/b2c", "Thanks", .sample())
      }
      #expect(refusal.code == .alreadyExists && refusal.fields == ["scenario_id"])
    }
  }

  /// A definition that is refused, and the field at fault.
  struct Refused: Sendable, CustomTestStringConvertible {
    let field: String
    let code: StatusCode
    let scenario: AutomationV1.Scenario
    var testDescription: String { field }

    init(_ field: String, _ code: StatusCode = .invalidArgument, _ change: (inout AutomationV1.Scenario) -> Void) {
      var scenario = AutomationV1.Scenario.sample()
      change(&scenario)
      (self.field, self.code, self.scenario) = ("scenario.\(field)", code, scenario)
    }
  }

  static let refused: [Refused] = refusedWholes + refusedSteps + refusedConditions + refusedTriggers

  private static let refusedWholes: [Refused] = [
    Refused("profile_table") { $0.profileTable = "" },
    Refused("profile_table", .notFound) { $0.profileTable = "entities/b2c/profileTables/none" },
    Refused("trigger") { $0.trigger = nil },
    Refused("reentry") { $0.reentry = .unspecified },
    Refused("steps") { $0.steps = [] },
    Refused("steps[1].id") { $0.steps = [.send("a", next: "a"), .send("a")] },
  ]

  private static func step(
    _ field: String, _ step: AutomationV1.Step, _ code: StatusCode = .invalidArgument
  ) -> Refused {
    Refused(field.isEmpty ? "steps[0]" : "steps[0].\(field)", code) { $0.steps = [step] }
  }

  private static let refusedSteps: [Refused] = [
    step("", AutomationV1.Step(id: "a")),
    step("id", .send("1st")),
    step("next", .send("a", next: "b")),
    step("wait.duration", .wait("a", seconds: 0)),
    step("wait.duration", .wait("a", seconds: 366 * 86_400 + 1)),
    step("send.campaign", .send("a", "entities/b2c/campaigns/none"), .notFound),
    step("send.campaign", .send("a", "entities/b2c/campaigns/mass")),
    step("update_profile.fields", .update("a", [:])),
    step("update_profile.fields.none", .update("a", ["none": .int(1)])),
    step("update_profile.fields.vip", .update("a", ["vip": .text("yes")])),
    step("update_profile.fields.tier", .update("a", ["tier": .text("platinum")])),
    step("update_profile.fields.tier", .update("a", ["tier": .null])),
    step("update_profile.fields.customerCode", .update("a", ["customerCode": .text("1")])),
  ]

  private static func condition(
    _ field: String, on subject: AutomationV1.StepCondition.Subject, _ comparison: TargetingV1.Comparison
  ) -> Refused {
    Refused("steps[0].branch.condition.\(field)") { scenario in
      scenario.trigger = .participation()
      scenario.steps = [.branch("a", on: subject, comparison)]
    }
  }

  private static let refusedConditions: [Refused] = [
    condition("profile_field", on: .profileField("none"), .equals(.int(1))),
    condition("comparison.equals", on: .profileField("vip"), .equals(.int(1))),
    condition("comparison.range", on: .profileField("firstName"), .from(.text("a"))),
    condition("trigger_value", on: .triggerValue("none"), .equals(.int(1))),
    condition("comparison.equals", on: .triggerValue("rating"), .equals(.text("5"))),
    condition("comparison", on: .triggerValue("rating"), .init()),
  ]

  private static func trigger(
    _ field: String, _ trigger: AutomationV1.Trigger, _ code: StatusCode = .invalidArgument
  ) -> Refused {
    Refused("trigger.\(field)", code) { $0.trigger = trigger }
  }

  private static let refusedTriggers: [Refused] = [
    trigger("participation.form", .participation(in: "entities/b2c/forms/none"), .notFound),
    trigger("row.table", .row(of: "entities/b2c/customTables/none"), .notFound),
    trigger("row.where[0].column", .row(where: [("none", .equals(.int(1)))])),
    trigger("row.where[0].comparison", .row(where: [("amount", .init())])),
    trigger("row.where[0].comparison.contains", .row(where: [("amount", .init(.contains("2")))])),
  ]

  @Test("are refused, naming the field, when they cannot run", arguments: refused)
  func refusal(_ refused: Refused) async throws {
    try await TestSuite.with { suite async throws in
      let refusal = try await suite.creationRefusal(refused.scenario)
      #expect(refusal.fields == [refused.field] && refusal.code == refused.code, "\(refusal)")
    }
  }

  @Test("name tables, forms and campaigns of their own entity and profile table")
  func otherTables() async throws {
    try await TestSuite.with { suite async throws in
      suite.neighbours.with { state in
        state.forms["entities/b2c/forms/win-back"]?.profileTable = "entities/b2c/profileTables/others"
        state.campaigns["entities/b2c/campaigns/thank-you"]?.profileTable = "entities/b2c/profileTables/others"
      }
      let form = try await suite.creationRefusal(.sample(.participation()))
      #expect(form.fields == ["scenario.trigger.participation.form"] && form.code == .invalidArgument)
      let campaign = try await suite.creationRefusal(.sample(steps: [.send("a")]))
      #expect(campaign.fields == ["scenario.steps[0].send.campaign"] && campaign.code == .invalidArgument)
      var foreign = AutomationV1.Scenario.sample()
      foreign.profileTable = TestSuite.companies
      let both = TestSuite.Caller.writer([TestSuite.b2c, TestSuite.b2b])
      #expect(try await suite.creationRefusal(foreign, as: both).fields == ["scenario.profile_table"])
      // Another entity's table answers as one that is not there.
      #expect(try await suite.creationRefusal(foreign).code == .notFound)
    }
  }

  @Test("are looked up once more when they are activated")
  func activation() async throws {
    try await TestSuite.with { suite async throws in
      _ = try await suite.create("test", .sample(steps: [.send("a")]))
      suite.neighbours.with { $0.campaigns = [:] }
      let refusal = try await suite.refusal(AutomationV1.ScenarioService.activateScenario) {
        $0.name = "entities/b2c/scenarios/test"
      }
      #expect(refusal.code == .notFound && refusal.fields == ["scenario.steps[0].send.campaign"])
    }
  }
}

extension AutomationV1.Step {
  /// A step that does nothing.
  init(id: String) {
    self.init()
    self.id = id
  }
}

extension GoogleProtobuf.FieldMask {
  init(paths: String...) {
    self.init()
    self.paths = paths
  }
}
