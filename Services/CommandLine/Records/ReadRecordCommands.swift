import ArgumentParser
import Messages

/// `rapport profiles get NAME`, `rapport rows get NAME`.
struct GetRecordCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "get",
      abstract: "Shows one \(Kind.noun), by its number or a unique value.",
      discussion: "Example: rapport \(Kind.command) get \(Kind.example)")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "Its whole name, which ends in its number or in field=value.")
  var name: String

  func run(in session: Session) async throws {
    let table = try Kind.table(of: name)
    let record = try await Kind.get(name, session)
    let shape = session.output.format == .table ? try await Kind.shape(of: table, session) : TableShape()
    try session.output.print(record) { try Kind.text(of: $0, shape: shape) }
  }
}

/// `rapport profiles list TABLE`, `rapport rows list TABLE`.
struct ListRecordsCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "list",
      abstract: "Lists the \(Kind.noun)s of a table by number.",
      discussion: "Example: rapport \(Kind.command) list \(Kind.exampleTable) --page-size 20")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "The table's whole name.")
  var table: String

  @OptionGroup var filter: Kind.Filter

  @OptionGroup var page: PageOptions

  func run(in session: Session) async throws {
    let list = try await Kind.list(table, filter, page, session)
    let shape = session.output.format == .table ? try await Kind.shape(of: table, session) : TableShape()
    try session.output.print(page: list) {
      try Kind.text(of: $0.items, shape: shape, width: Console.outputWidth)
    }
  }
}
