import ArgumentParser

/// `rapport … get NAME`.
struct GetCommand<Kind: DefinedResource>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "get",
      abstract: "Shows one \(Kind.noun).",
      discussion: "Example: rapport \(Kind.command) get \(Kind.example)")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "Its whole name.")
  var name: String

  func run(in session: Session) async throws {
    try await session.output.print(Kind.get(name, session), table: Kind.text)
  }
}
