import Messages
import Testing
import UserTables

@testable import Automation

@Suite("The steps of a scenario")
struct ScenarioGraphTests {
  private func fault(_ steps: [AutomationV1.Step]) -> String? {
    do throws(DefinitionFault) { try ScenarioGraph(steps).check() } catch { return error.field }
    return nil
  }

  private let always = AutomationV1.StepCondition.Subject.triggerValue("x")
  private let set = TargetingV1.Comparison(.isSet(true))

  @Test("may meet again and come round behind a wait")
  func sound() {
    #expect(fault([.send("a", next: "b"), .wait("b", seconds: 5, next: "a")]) == nil)
    #expect(
      fault([
        .branch("a", on: always, set, then: "b", otherwise: "c"), .update("b", next: "d"), .send("c", next: "d"),
        .wait("d", seconds: 1, next: "a"),
      ]) == nil)
  }

  @Test("lead to steps that there are")
  func unknown() {
    #expect(fault([.send("a", next: "b")]) == "steps[0].next")
    #expect(fault([.branch("a", on: always, set, then: "", otherwise: "z")]) == "steps[0].branch.otherwise")
  }

  @Test("are each on a way from the first")
  func unreachable() {
    #expect(fault([.send("a"), .send("b")]) == "steps[1].id")
    #expect(fault([.send("a"), .wait("b", seconds: 1, next: "c"), .wait("c", seconds: 1, next: "b")]) == "steps[1].id")
  }

  @Test("do not come round without a wait")
  func restless() {
    #expect(fault([.send("a", next: "a")]) == "steps[0]")
    #expect(
      fault([
        .wait("a", seconds: 1, next: "b"), .branch("b", on: always, set, then: "c", otherwise: "a"),
        .update("c", next: "b"),
      ]) == "steps[1]")
  }
}
