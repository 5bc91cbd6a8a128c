import ArgumentParser
import Messages

/// A kind of resource that can be deleted as it is.
protocol DeletableResource: DefinedResource {
  static func delete(_ name: String, _ session: Session) async throws
}

/// A kind of resource whose content must be given up explicitly.
protocol FillableResource: DefinedResource {
  /// What it holds, in the plural.
  static var content: String { get }

  static func delete(_ name: String, withContent: Bool, _ session: Session) async throws
}

/// `rapport … delete NAME`.
struct DeleteCommand<Kind: DeletableResource>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "delete",
      abstract: "Deletes a \(Kind.noun).",
      discussion: "Example: rapport \(Kind.command) delete \(Kind.example)")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "Its whole name.")
  var name: String

  func run(in session: Session) async throws {
    try await Kind.delete(name, session)
    try session.output.print(GoogleProtobuf.Empty()) { _ in "\(name) is deleted." }
  }
}

/// `rapport … delete NAME [--force]`.
struct DeleteFilledCommand<Kind: FillableResource>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "delete",
      abstract: "Deletes a \(Kind.noun); one that has \(Kind.content) only with --force.",
      discussion: "Example: rapport \(Kind.command) delete \(Kind.example) --force")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "Its whole name.")
  var name: String

  @Flag(help: "Deletes its content too.")
  var force = false

  func run(in session: Session) async throws {
    try await Kind.delete(name, withContent: force, session)
    try session.output.print(GoogleProtobuf.Empty()) { _ in "\(name) is deleted." }
  }
}
