import ArgumentParser

/// `rapport profiles imports`, `rapport rows imports`.
struct ImportsCommand<Kind: RecordKind>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "imports",
      abstract: "What was imported, and how far each import is.",
      discussion: "Example: rapport \(Kind.command) imports list \(Kind.exampleTable)",
      subcommands: [Get.self, List.self])
  }

  /// `… imports get IMPORT`.
  struct Get: SuiteCommand {
    static var configuration: CommandConfiguration {
      CommandConfiguration(
        commandName: "get",
        abstract: "Shows how far an import is.",
        discussion: "Example: rapport \(Kind.command) imports get \(Kind.exampleTable)/imports/7")
    }

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its whole name.")
    var name: String

    func run(in session: Session) async throws {
      try await session.output.print(Kind.Imports.get(name, in: session), table: ImportText.summary)
    }
  }

  /// `… imports list TABLE`.
  struct List: SuiteCommand {
    static var configuration: CommandConfiguration {
      CommandConfiguration(
        commandName: "list",
        abstract: "Lists a table's imports, newest first.",
        discussion: "Example: rapport \(Kind.command) imports list \(Kind.exampleTable)")
    }

    @OptionGroup var common: CommonOptions

    @Argument(help: "The table's whole name.")
    var table: String

    @OptionGroup var page: PageOptions

    func run(in session: Session) async throws {
      try await session.output.print(page: Kind.imports(of: table, page, session)) {
        ImportText.table(of: $0.items)
      }
    }
  }
}

/// `rapport profiles refused-lines IMPORT`, `rapport rows refused-lines IMPORT`.
struct RefusedLinesCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "refused-lines",
      abstract: "Lists the lines that an import refused, and why.",
      discussion: "Example: rapport \(Kind.command) refused-lines \(Kind.exampleTable)/imports/7 --all")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "The import's whole name.")
  var name: String

  @OptionGroup var page: PageOptions

  func run(in session: Session) async throws {
    try await session.output.print(page: Kind.refusedLines(name, page, session)) {
      ImportText.table(of: $0.items)
    }
  }
}
