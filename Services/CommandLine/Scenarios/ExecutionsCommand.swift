import ArgumentParser
import Messages

/// `rapport scenarios executions NAME`.
struct ExecutionsCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "executions",
    abstract: "Lists the executions of a scenario, newest first.",
    discussion: "Example: rapport scenarios executions \(Scenarios.example) --all")

  @OptionGroup var common: CommonOptions

  @Argument(help: "The scenario's whole name.")
  var name: String

  @Option(help: "Only those of this profile.")
  var profile: String?

  @OptionGroup var page: PageOptions

  func run(in session: Session) async throws {
    var request = AutomationV1.ListExecutionsRequest()
    request.parent = name
    request.profile = profile ?? ""
    let list = try await session.page(AutomationV1.ScenarioService.listExecutions, request, page)
    try session.output.print(page: list) { list in
      var table = TextTable("NAME", "PROFILE", "STATE", "STEP", "BEGUN", "DUE", empty: "Nothing has begun.")
      table.rows = list.executions.map {
        [
          $0.name, $0.profile, EnumWord.text($0.state), $0.step, Moment.text($0.createTime), Moment.text($0.dueTime),
        ]
      }
      return table.text
    }
  }
}

/// `rapport scenarios execution NAME`.
struct ExecutionCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "execution",
    abstract: "Shows one execution with the steps that it took.",
    discussion: "Example: rapport scenarios execution \(Scenarios.example)/executions/7")

  @OptionGroup var common: CommonOptions

  @Argument(help: "The execution's whole name.")
  var name: String

  func run(in session: Session) async throws {
    var request = AutomationV1.GetExecutionRequest()
    request.name = name
    let execution = try await session.call(AutomationV1.ScenarioService.getExecution, request)
    try session.output.print(execution, table: \.text)
  }
}

extension AutomationV1.Execution {
  /// In full, for people.
  var text: String {
    var details = Details()
    details.add("Execution", name)
    details.add("Profile", profile)
    details.add("State", EnumWord.text(state))
    details.add("Step", step)
    details.add("Why", error)
    details.add("Version", version)
    details.add("Begun", createTime)
    details.add("Due", dueTime)
    details.add("Ended", endTime)
    var table = TextTable("TIME", "STEP", "OUTCOME", empty: "No step was taken yet.")
    table.rows = steps.map { [Moment.text($0.time), $0.step, $0.outcome] }
    return details.text + "\n\n" + table.text
  }
}
