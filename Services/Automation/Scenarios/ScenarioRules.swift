internal import Messages
internal import UserTables

/// What the definition of a scenario must hold to, by itself. What it names is looked up elsewhere.
enum ScenarioRules {
  static let mostSteps = 500
  /// The shortest wait, in seconds: so a way that comes round cannot spin.
  private static let shortestWait: Int64 = 1
  /// The longest wait, in seconds.
  private static let longestWait: Int64 = 366 * 86_400
  /// The most days between a date and what it begins.
  private static let mostOffsetDays: Int32 = 366

  /// Checks a definition as a whole.
  ///
  /// - Throws: ``DefinitionFault`` with the first thing that is wrong.
  static func check(_ scenario: AutomationV1.Scenario) throws(DefinitionFault) {
    try FieldRules.checkLabel(scenario.displayName, at: "display_name")
    guard !scenario.profileTable.isEmpty else {
      throw DefinitionFault("profile_table", "A scenario is for the profiles of one table. Name it.")
    }
    try check(scenario.trigger)
    guard [.never, .oneAtATime, .always].contains(scenario.reentry) else {
      throw DefinitionFault(
        "reentry", "Whether a profile may begin again is not said. Set NEVER, ONE_AT_A_TIME or ALWAYS.")
    }
    guard (1...mostSteps).contains(scenario.steps.count) else {
      throw DefinitionFault("steps", "A scenario has 1 to \(mostSteps) steps. Change them.")
    }
    var seen: Set<String> = []
    for (index, step) in scenario.steps.enumerated() {
      try check(step, at: "steps[\(index)]")
      guard seen.insert(step.id).inserted else {
        throw DefinitionFault("steps[\(index)].id", "The id “\(step.id)” is taken by another step. Choose another.")
      }
    }
    try ScenarioGraph(scenario.steps).check()
  }

  private static func check(_ trigger: AutomationV1.Trigger?) throws(DefinitionFault) {
    switch trigger?.kind {
    case .participation(let trigger):
      if trigger.form.isEmpty { throw DefinitionFault("trigger.participation.form", "No form is named. Name one.") }
    case .row(let trigger):
      if trigger.table.isEmpty { throw DefinitionFault("trigger.row.table", "No table is named. Name one.") }
      guard trigger.where.count <= 100 else {
        throw DefinitionFault("trigger.row.where", "There are more than 100 conditions. Remove some.")
      }
    case .date(let trigger): try check(trigger)
    case .call: break
    case nil:
      throw DefinitionFault("trigger", "What begins it is not said. Set `participation`, `row`, `call` or `date`.")
    }
  }

  private static func check(_ trigger: AutomationV1.DateTrigger) throws(DefinitionFault) {
    let path = "trigger.date"
    if trigger.attribute.isEmpty { throw DefinitionFault("\(path).attribute", "No attribute is named. Name one.") }
    guard [.once, .yearly].contains(trigger.recurrence) else {
      throw DefinitionFault("\(path).recurrence", "How often the date comes is not said. Set ONCE or YEARLY.")
    }
    guard (-mostOffsetDays...mostOffsetDays).contains(trigger.offsetDays) else {
      throw DefinitionFault(
        "\(path).offset_days", "It begins at most \(mostOffsetDays) days before or behind the date. Change it.")
    }
    guard let time = trigger.timeOfDay else {
      throw DefinitionFault("\(path).time_of_day", "When it begins on the day is not said. Set an hour.")
    }
    guard (0...23).contains(time.hour), (0...59).contains(time.minute), (0...59).contains(time.second) else {
      throw DefinitionFault("\(path).time_of_day", "A day has the times 0:00:00 to 23:59:59. Change it.")
    }
    guard [.unspecified, .february28, .march1, .leapYearsOnly].contains(trigger.leapDay) else {
      throw DefinitionFault("\(path).leap_day", "The choice is unknown. Set a known one.")
    }
    if trigger.recurrence == .once && trigger.leapDay != .unspecified {
      throw DefinitionFault("\(path).leap_day", "A date that comes once needs no other day. Leave it out.")
    }
  }

  private static func check(_ step: AutomationV1.Step, at path: String) throws(DefinitionFault) {
    if let problem = TechnicalName.problem(ofField: step.id) { throw DefinitionFault("\(path).id", problem) }
    switch step.kind {
    case .wait(let wait): try check(wait, at: "\(path).wait")
    case .branch(let branch):
      guard step.next.isEmpty else {
        throw DefinitionFault("\(path).next", "A branch goes on by `then` and `otherwise`. Leave `next` out.")
      }
      guard branch.condition?.subject != nil else {
        throw DefinitionFault("\(path).branch.condition", "It has no subject. Set `trigger_value` or `profile_field`.")
      }
    case .send(let send):
      if send.campaign.isEmpty { throw DefinitionFault("\(path).send.campaign", "No campaign is named. Name one.") }
    case .updateProfile(let update):
      if update.fields.isEmpty {
        throw DefinitionFault("\(path).update_profile.fields", "It changes nothing. Set a field at least.")
      }
    case nil: throw DefinitionFault(path, "The step does nothing that this version knows. Set what it does.")
    }
  }

  private static func check(_ wait: AutomationV1.WaitStep, at path: String) throws(DefinitionFault) {
    let duration = wait.duration ?? .init()
    guard (0..<1_000_000_000).contains(duration.nanos),
      duration.seconds >= shortestWait,
      duration.seconds < longestWait
        || (duration.seconds == longestWait && duration.nanos == 0)
    else { throw DefinitionFault("\(path).duration", "A wait lasts 1 second to 366 days. Change it.") }
  }
}
