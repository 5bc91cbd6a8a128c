import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing
import UserTables

@testable import Automation

@Suite("A call from outside")
struct CallTests {
  private func start(
    _ suite: TestSuite, _ profile: String, requestID: String = "", fields: [String: TypeV1.Value] = [:]
  ) async throws -> AutomationV1.Execution {
    try await suite.call(AutomationV1.ScenarioService.startExecution) { request in
      request.parent = "entities/b2c/scenarios/test"
      request.profile = "\(TestSuite.customers)/profiles/\(profile)"
      request.fields = fields
      request.requestId = requestID
    }
  }

  @Test("creates the profile, once for each request id, and sends to it")
  func createsProfile() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.send("send")]))
      let first = try await start(suite, "customerCode=new", requestID: "r1", fields: ["firstName": .text("Zoë")])
      let again = try await start(suite, "customerCode=new", requestID: "r1", fields: ["firstName": .text("Zoë")])
      #expect(first == again && first.profile == "\(TestSuite.customers)/profiles/21" && first.state == .running)
      try await suite.work()
      #expect(suite.neighbours.sends.map(\.profile) == [21] && suite.neighbours.writeCount == 1)
      #expect(suite.neighbours.fields(21)["firstName"] == .text("Zoë"))
      let other = try await suite.refusal(AutomationV1.ScenarioService.startExecution) {
        ($0.parent, $0.profile) = ("entities/b2c/scenarios/test", "\(TestSuite.customers)/profiles/1")
        $0.requestId = "r1"
      }
      #expect(other.reason == "REQUEST_ID_USED")
    }
  }

  @Test("that broke off between profile and execution is completed by its repeat")
  func brokenOff() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.send("send")]))
      suite.neighbours.fail(RPCError(.unavailable, "lost"), afterEffect: true)
      await #expect(throws: RPCError.self) { try await start(suite, "customerCode=new", requestID: "r1") }
      #expect(try await suite.executions().isEmpty)
      let execution = try await start(suite, "customerCode=new", requestID: "r1")
      #expect(execution.profile.hasSuffix("/21") && suite.neighbours.writeCount == 1)
    }
  }

  @Test("is refused for a scenario that is no call's or not active, and for a profile that is elsewhere or nowhere")
  func refusals() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("rows", .sample(.row()))
      _ = try await suite.create("draft", .sample())
      try await suite.activate("test", .sample(reentry: .never))
      func refusal(_ id: String, _ profile: String) async throws -> Refusal {
        try await suite.refusal(AutomationV1.ScenarioService.startExecution) {
          ($0.parent, $0.profile) = ("entities/b2c/scenarios/\(id)", profile)
        }
      }
      let one = "\(TestSuite.customers)/profiles/1"
      #expect(try await refusal("rows", one).reason == "SCENARIO_NOT_CALLED")
      #expect(try await refusal("draft", one).reason == "SCENARIO_NOT_ACTIVE")
      #expect(try await refusal("none", one).code == .notFound)
      #expect(try await refusal("test", "entities/b2c/profileTables/others/profiles/1").fields == ["profile"])
      #expect(try await refusal("test", "\(TestSuite.customers)/profiles/999").code == .notFound)
      #expect(try await refusal("test", "\(TestSuite.customers)/profiles/99999999999").code == .notFound)
      #expect(try await refusal("test", one).code == .ok)
      #expect(try await refusal("test", one).reason == "REENTRY_REFUSED")
    }
  }

  @Test("names its own fields when Profiles refuses what it writes")
  func fieldPaths() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample())
      suite.neighbours.fail(
        RPCError(
          .invalidArgument, "The field profile.fields.firstName is not accepted.", reason: "INVALID_FIELD",
          fieldViolations: [FieldViolation(field: "profile.fields.firstName", description: "long")]))
      let refusal = try await suite.refusal(AutomationV1.ScenarioService.startExecution) {
        ($0.parent, $0.profile) = ("entities/b2c/scenarios/test", "\(TestSuite.customers)/profiles/1")
        $0.fields = ["firstName": .text("x")]
      }
      #expect(refusal.fields == ["fields.firstName"])
      #expect(refusal.message == "The field fields.firstName is not accepted.")
    }
  }
}
