import ArgumentParser
import Messages

/// `rapport forms`: forms and the answers to them.
struct FormsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forms",
    abstract: "Forms, and the answers to them.",
    discussion: "Example: rapport forms publish \(FormDefinitions.example)",
    subcommands: FormDefinitions.subcommands + [
      DeleteCommand<FormDefinitions>.self, Publish.self, Close.self, Link.self, ParticipationsCommand.self,
    ])

  /// `rapport forms publish`.
  struct Publish: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Opens a form to answers.", discussion: "Example: rapport forms publish \(FormDefinitions.example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The form's whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = FormsV1.PublishFormRequest()
      request.name = name
      try await session.output.print(
        session.call(FormsV1.FormService.publishForm, request), table: FormDefinitions.text)
    }
  }

  /// `rapport forms close`.
  struct Close: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Closes a form to answers.", discussion: "Example: rapport forms close \(FormDefinitions.example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The form's whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = FormsV1.CloseFormRequest()
      request.name = name
      try await session.output.print(session.call(FormsV1.FormService.closeForm, request), table: FormDefinitions.text)
    }
  }

  /// `rapport forms link`.
  struct Link: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes the address at which one profile answers.",
      discussion:
        "Example: rapport forms link \(FormDefinitions.example) --profile \(ProfileRecords.example) --hidden source=mail"
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "The form's whole name.")
    var name: String

    @Option(help: "The profile's whole name.")
    var profile: String

    @Option(help: ArgumentHelp("The answer of a hidden question.", valueName: "question=answer"))
    var hidden: [ColumnText] = []

    func run(in session: Session) async throws {
      var request = FormsV1.CreatePersonalLinkRequest()
      request.parent = name
      request.profile = profile
      for answer in hidden {
        request.hidden[answer.field] = answer.column
      }
      try await session.output.print(session.call(FormsV1.FormService.createPersonalLink, request), table: \.url)
    }
  }
}
