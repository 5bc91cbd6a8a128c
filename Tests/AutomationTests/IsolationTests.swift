import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing

@testable import Automation

@Suite("What another entity sees")
struct IsolationTests {
  private let foreigner = TestSuite.Caller.writer([TestSuite.b2b])
  private let name = "entities/b2c/scenarios/test"

  @Test("is nothing, whatever it calls")
  func calls() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.wait("w", seconds: 60)]))
      let execution = try await suite.start()
      typealias Service = AutomationV1.ScenarioService
      let refusals = [
        try await suite.refusal(Service.getScenario, as: foreigner) { $0.name = name },
        try await suite.refusal(Service.listScenarios, as: foreigner) { $0.parent = "entities/b2c" },
        try await suite.refusal(Service.updateScenario, as: foreigner) {
          $0.scenario = .sample()
          $0.scenario?.name = name
        },
        try await suite.refusal(Service.deleteScenario, as: foreigner) { $0.name = name },
        try await suite.refusal(Service.activateScenario, as: foreigner) { $0.name = name },
        try await suite.refusal(Service.pauseScenario, as: foreigner) { $0.name = name },
        try await suite.refusal(Service.getExecution, as: foreigner) { $0.name = execution.name },
        try await suite.refusal(Service.listExecutions, as: foreigner) { $0.parent = name },
        try await suite.refusal(Service.startExecution, as: foreigner) {
          ($0.parent, $0.profile) = (name, "\(TestSuite.customers)/profiles/1")
        },
        try await suite.creationRefusal(.sample(), as: foreigner),
      ]
      #expect(refusals.allSatisfy { $0.code == .notFound }, "\(refusals)")
      let list: AutomationV1.ListScenariosResponse = try await suite.call(Service.listScenarios, as: foreigner) {
        $0.parent = "entities/-"
      }
      #expect(list.scenarios.isEmpty)
    }
  }

  @Test("is nothing in the database either")
  func rows() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample())
      try await suite.start()
      try await suite.work()
      try await suite.rooms.scenarios.ensureRole(of: TestSuite.b2b.id)
      for table in ["scenarios", "scenario_versions", "executions", "execution_steps"] {
        let count = Statement(name: "test.count", sql: "SELECT count(*) FROM \(table)")
        let own = try await suite.test.database.read(count, [], as: .entity(TestSuite.b2c.id))
        let foreign = try await suite.test.database.read(count, [], as: .entity(TestSuite.b2b.id))
        #expect(try own[0].int(0) > 0 && foreign[0].int(0) == 0, "\(table)")
      }
    }
  }

  @Test("within the entity, needs the right: to write, to launch, to write profiles")
  func rights() async throws {
    try await TestSuite.with { suite async throws in
      _ = try await suite.create("test", .sample())
      let writer = TestSuite.Caller.holder([.init(entity: 1, module: .automation, rights: [.write])])
      let launch = try await suite.refusal(AutomationV1.ScenarioService.activateScenario, as: writer) { $0.name = name }
      #expect(launch.code == .permissionDenied)
      #expect(try await suite.creationRefusal(.sample(), as: writer).code == .permissionDenied)
      _ = try await suite.call(AutomationV1.ScenarioService.activateScenario) { $0.name = name }
      let creates = try await suite.refusal(AutomationV1.ScenarioService.startExecution, as: writer) {
        ($0.parent, $0.profile) = (name, "\(TestSuite.customers)/profiles/customerCode=new")
      }
      #expect(creates.code == .permissionDenied && suite.neighbours.writeCount == 0)
    }
  }

  @Test("who makes a scenario that sends messages needs the right to send them")
  func sending() async throws {
    try await TestSuite.with { suite async throws in
      func writer(_ messaging: OptionsV1.Right) -> TestSuite.Caller {
        .holder([
          .init(entity: 1, module: .automation, rights: [.write]), .init(entity: 1, module: .profiles, rights: [.read]),
          .init(entity: 1, module: .messaging, rights: [messaging]),
        ])
      }
      let sending = AutomationV1.Scenario.sample(steps: [.send("s")])
      #expect(try await suite.creationRefusal(sending, as: writer(.read)).code == .permissionDenied)
      _ = try await suite.call(AutomationV1.ScenarioService.createScenario, as: writer(.write)) { request in
        (request.parent, request.scenarioId, request.scenario) = ("entities/b2c", "test", sending)
      }
    }
  }
}
