import ArgumentParser
import Messages

/// `rapport scenarios`: what happens to a profile once something has happened to it.
struct ScenariosCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scenarios",
    abstract: "What happens to a profile, step by step, once something has happened to it.",
    discussion: "Example: rapport scenarios activate \(Scenarios.example)",
    subcommands: Scenarios.subcommands + [
      DeleteCommand<Scenarios>.self, Activate.self, Pause.self, Call.self, ExecutionsCommand.self,
      ExecutionCommand.self,
    ])

  /// `rapport scenarios activate`.
  struct Activate: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lets its trigger begin executions from now on.",
      discussion: "Example: rapport scenarios activate \(Scenarios.example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The scenario's whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = AutomationV1.ActivateScenarioRequest()
      request.name = name
      let scenario = try await session.call(AutomationV1.ScenarioService.activateScenario, request)
      try session.output.print(scenario, table: Scenarios.text)
    }
  }

  /// `rapport scenarios pause`.
  struct Pause: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lets nothing begin any more; what runs goes on.",
      discussion: "Example: rapport scenarios pause \(Scenarios.example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The scenario's whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = AutomationV1.PauseScenarioRequest()
      request.name = name
      let scenario = try await session.call(AutomationV1.ScenarioService.pauseScenario, request)
      try session.output.print(scenario, table: Scenarios.text)
    }
  }

  /// `rapport scenarios call`.
  struct Call: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Begins an execution for a profile that there is, or that this creates.",
      discussion: """
        Example: rapport scenarios call \(Scenarios.example) --profile \(ProfileRecords.example) \
        --data '{"firstName":"Zoë"}' --values '{"rating":5}'
        """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The scenario's whole name.")
    var name: String

    @Option(help: "The profile's whole name, which ends in its number or in field=value.")
    var profile: String

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("Fields of the profile to write first, as for rapport profiles update.", valueName: "json"))
    var data: String?

    @OptionGroup var values: CallValues

    @Option(help: ArgumentHelp("Makes a repeat of this command answer what the first did.", valueName: "id"))
    var requestID: String?

    func run(in session: Session) async throws {
      var request = AutomationV1.StartExecutionRequest()
      request.parent = name
      request.profile = profile
      if let data {
        let table = try ProfileRecords.table(of: profile)
        request.fields = try await RecordData.record(data, of: ProfileRecords.self, in: table, session).fields
      }
      request.values = try values.read()
      request.requestId = requestID ?? ""
      let execution = try await session.call(AutomationV1.ScenarioService.startExecution, request)
      try session.output.print(execution, table: \.text)
    }
  }
}
