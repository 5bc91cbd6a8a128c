import ArgumentParser
import Messages

/// Scenarios, for the commands that define them.
enum Scenarios: DeletableResource {
  static let command = "scenarios"
  static let noun = "scenario"
  static let example = "entities/b2c/scenarios/thank-you"

  static func create(
    _ definition: AutomationV1.Scenario, id: String, in entity: String, _ session: Session
  ) async throws -> AutomationV1.Scenario {
    var request = AutomationV1.CreateScenarioRequest()
    request.parent = entity
    request.scenarioId = id
    request.scenario = definition
    return try await session.call(AutomationV1.ScenarioService.createScenario, request)
  }

  static func get(_ name: String, _ session: Session) async throws -> AutomationV1.Scenario {
    var request = AutomationV1.GetScenarioRequest()
    request.name = name
    return try await session.call(AutomationV1.ScenarioService.getScenario, request)
  }

  static func list(in entity: String, _ page: PageOptions, _ session: Session) async throws
    -> AutomationV1.ListScenariosResponse
  {
    var request = AutomationV1.ListScenariosRequest()
    request.parent = entity
    return try await session.page(AutomationV1.ScenarioService.listScenarios, request, page)
  }

  static func update(
    _ definition: AutomationV1.Scenario, named name: String, mask: GoogleProtobuf.FieldMask?, _ session: Session
  ) async throws -> AutomationV1.Scenario {
    var request = AutomationV1.UpdateScenarioRequest()
    var definition = definition
    definition.name = name
    request.scenario = definition
    request.updateMask = mask
    return try await session.call(AutomationV1.ScenarioService.updateScenario, request)
  }

  static func delete(_ name: String, _ session: Session) async throws {
    var request = AutomationV1.DeleteScenarioRequest()
    request.name = name
    _ = try await session.call(AutomationV1.ScenarioService.deleteScenario, request)
  }

  static func table(of definitions: [AutomationV1.Scenario]) -> TextTable {
    var table = TextTable("NAME", "STATE", "DISPLAY NAME", "BEGINS WITH", "STEPS", empty: "There is no scenario.")
    table.rows = definitions.map {
      [$0.name, EnumWord.text($0.state), $0.displayName, $0.trigger?.text ?? "", "\($0.steps.count)"]
    }
    return table
  }

  static func text(of definition: AutomationV1.Scenario) -> String {
    var details = Details()
    details.add("Name", definition.name)
    details.add("Display name", definition.displayName)
    details.add("State", EnumWord.text(definition.state))
    details.add("Profile table", definition.profileTable)
    details.add("Begins with", definition.trigger?.text)
    details.add("Again", EnumWord.text(definition.reentry))
    details.add("Version", definition.version)
    details.add("Updated", definition.updateTime)
    var table = TextTable("STEP", "DOES", "NEXT", empty: "It has no steps.")
    table.rows = definition.steps.map { [$0.id, $0.text, $0.nextText] }
    return details.text + "\n\n" + table.text
  }
}

extension AutomationV1.Trigger {
  fileprivate var text: String {
    switch kind {
    case nil: ""
    case .participation(let trigger): "a participation in \(trigger.form)"
    case .row(let trigger):
      trigger.onUpdate ? "a new or changed row of \(trigger.table)" : "a new row of \(trigger.table)"
    case .call: "a call"
    case .date(let trigger): trigger.text
    }
  }
}

extension AutomationV1.DateTrigger {
  /// `3 days before birthDate, each year at 09:00`.
  fileprivate var text: String {
    let days = "\(offsetDays.magnitude) \(offsetDays.magnitude == 1 ? "day" : "days")"
    let offset = offsetDays == 0 ? "" : "\(days) \(offsetDays < 0 ? "before" : "behind") "
    return "\(offset)\(attribute),\(recurrence == .yearly ? " each year" : "") at \(timeOfDay?.text ?? "")"
  }
}

extension AutomationV1.TimeOfDay {
  fileprivate var text: String {
    let parts = second == 0 ? [hour, minute] : [hour, minute, second]
    return parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}

extension AutomationV1.Step {
  fileprivate var text: String {
    switch kind {
    case nil: ""
    case .wait(let wait): "wait \(Amounts.time(.seconds(wait.duration?.seconds ?? 0)))"
    case .branch(let branch): "if \(branch.condition?.text ?? "(nothing)")"
    case .send(let send): "send \(send.campaign)"
    case .updateProfile(let update): "set \(update.fields.keys.sorted().joined(separator: ", "))"
    }
  }

  fileprivate var nextText: String {
    guard case .branch(let branch) = kind else { return next.isEmpty ? "(end)" : next }
    let ways = [branch.then, branch.otherwise].map { $0.isEmpty ? "(end)" : $0 }
    return "\(ways[0]), else \(ways[1])"
  }
}

extension AutomationV1.StepCondition {
  fileprivate var text: String {
    let subject =
      switch subject {
      case nil: "(nothing)"
      case .triggerValue(let name): "trigger.\(name)"
      case .profileField(let name): "profile.\(name)"
      }
    return "\(subject) \(CriterionText.text(comparison))"
  }
}
