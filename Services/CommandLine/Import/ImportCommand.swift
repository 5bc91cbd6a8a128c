import ArgumentParser
import Foundation
import Messages

/// `rapport profiles import TABLE FILE --key FIELD`, `rapport rows import …`.
struct ImportCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "import",
      abstract: "Imports a CSV file with a header line.",
      discussion: """
        Lines that are refused hold up no other; see them with rapport \(Kind.command) refused-lines. When the \
        connection breaks, the import goes on by itself from the last line that was settled.

        Examples:
          rapport \(Kind.command) import \(Kind.exampleTable) file.csv --key \(Kind.exampleKeyField)
          rapport \(Kind.command) import --resume \(Kind.exampleTable)/imports/7 file.csv
        """)
  }

  @OptionGroup var common: CommonOptions

  @Argument(
    help: ArgumentHelp("The table's whole name, and the file; with --resume the file alone.", valueName: "table> <file")
  )
  var names: [String]

  @Option(help: ArgumentHelp("The unique field that tells which \(Kind.noun) a line is for.", valueName: "field"))
  var key: String?

  @Option(help: ArgumentHelp("create or update: refuses lines of the other sort.", valueName: "mode"))
  var mode: Mode?

  @Option(
    help: ArgumentHelp("The column of the file that a field is in, if it is not called so.", valueName: "field=column"))
  var column: [ColumnText] = []

  @Option(help: "Where the data comes from, kept with the history of what it changes.")
  var source: String?

  @Flag(help: "An empty cell clears its field.")
  var emptyClears = false

  @Option(help: ArgumentHelp("What stands between cells, if not a comma; tab for a tab.", valueName: "character"))
  var separator: String?

  @Option(help: ArgumentHelp("Makes a repeat of this command go on with what the first began.", valueName: "id"))
  var requestID: String?

  @Option(help: ArgumentHelp("Goes on with an import.", valueName: "import"))
  var resume: String?

  /// Which lines are written.
  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case create, update
  }

  func validate() throws {
    if resume != nil {
      guard names.count == 1 else { throw ValidationError("With --resume, give the file alone.") }
      guard key == nil, mode == nil, column.isEmpty, source == nil, separator == nil, !emptyClears, requestID == nil
      else { throw ValidationError("An import goes on as it began: --resume takes no other option of an import.") }
    } else {
      guard names.count == 2 else { throw ValidationError("Give the table and the file.") }
      guard key != nil else { throw ValidationError("Give --key, the unique field that tells lines apart.") }
    }
  }

  func run(in session: Session) async throws {
    let file = try InputFile(names.last ?? "-")
    let done = try await FileImport<Kind.Imports>(goal: goal(), file: file, session: session).run()
    try session.output.print(done, table: ImportText.summary)
    if let refused = done.progress?.refusedLines, refused > 0, session.output.format == .table {
      Console.note(
        "\(Amounts.count(refused)) refused; see them with rapport \(Kind.command) refused-lines \(done.name)")
    }
  }

  private func goal() -> FileImport<Kind.Imports>.Goal {
    if let resume { return .resume(name: resume) }
    return .begin(
      table: names.first ?? "", settings: settings(), requestID: requestID ?? UUID().uuidString.lowercased())
  }

  private func settings() -> TypeV1.ImportSettings {
    var settings = TypeV1.ImportSettings()
    if let separator {
      var csv = TypeV1.CsvFormat()
      csv.separator = separator == "tab" ? "\t" : separator
      settings.csv = csv
    }
    settings.key = key ?? ""
    switch mode {
    case .create: settings.mode = .create
    case .update: settings.mode = .update
    case nil: break
    }
    for column in column {
      settings.columns[column.field] = column.column
    }
    settings.source = source ?? ""
    settings.emptyClears = emptyClears
    return settings
  }
}

/// Which column a field is in: `firstName=Given name`.
struct ColumnText: Sendable, Hashable, ExpressibleByArgument {
  let field: String
  let column: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
    field = String(argument[..<equals])
    column = String(argument[argument.index(after: equals)...])
  }
}
