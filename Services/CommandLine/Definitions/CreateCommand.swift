import ArgumentParser

/// `rapport … create ENTITY ID --file FILE`.
struct CreateCommand<Kind: DefinedResource>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "create",
      abstract: "Creates a \(Kind.noun) as a JSON file defines it.",
      discussion:
        "Example: rapport \(Kind.command) create \(Kind.exampleEntity) \(Kind.exampleID) --file definition.json")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "The entity that it belongs to: entities/b2c.")
  var entity: String

  @Argument(help: ArgumentHelp("The last part of its name.", valueName: "id"))
  var identifier: String

  @OptionGroup var definition: DefinitionFile

  func run(in session: Session) async throws {
    let definition = try await definition.read(as: Kind.Definition.self)
    let created = try await Kind.create(definition, id: identifier, in: entity, session)
    try session.output.print(created, table: Kind.text)
  }
}
