import ArgumentParser

/// `rapport … list ENTITY`.
struct ListCommand<Kind: DefinedResource>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "list",
      abstract: "Lists the \(Kind.noun)s of an entity, or of all that you may see.",
      discussion: "Example: rapport \(Kind.command) list \(Kind.exampleEntity)")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "The entity: entities/b2c, or entities/- for all.")
  var entity = "entities/-"

  @OptionGroup var page: PageOptions

  func run(in session: Session) async throws {
    let list = try await Kind.list(in: entity, page, session)
    try session.output.print(page: list) { Kind.table(of: $0.items).text }
  }
}
