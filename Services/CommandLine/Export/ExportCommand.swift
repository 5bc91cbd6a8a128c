import ArgumentParser
import Foundation

/// What an export takes beside its source.
struct ExportOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The columns, in this order. Without it: all.", valueName: "field,…"))
  var fields: String?

  @Option(help: ArgumentHelp("The file to write. Without it: standard output.", valueName: "file"))
  var file: String?

  /// The fields by name.
  var fieldNames: [String] {
    fields?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
  }

  /// Writes what `export` gives out, shows how much it is, and says so.
  func run(
    _ title: String, _ session: Session, export: (_ take: ([UInt8]) async throws -> Void) async throws -> Void
  ) async throws {
    var target = try ExportFile(file)
    var progress = ProgressBar("Exporting \(title)", total: nil)
    do {
      try await export { chunk in
        try target.write(chunk)
        progress.advance(to: target.bytes)
      }
      progress.finish()
    } catch {
      progress.finish()
      throw error
    }
    try target.complete()
    guard let file else { return }
    switch session.output.format {
    case .table: try Console.print("\(Amounts.count(target.dataLines)) lines are in \(file).")
    case .json: try Console.print("{\"lines\":\"\(target.dataLines)\"}")
    }
  }
}

/// `rapport profiles export TABLE`, `rapport rows export TABLE`.
struct ExportCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "export",
      abstract: "Writes all \(Kind.noun)s of a table to a CSV file.",
      discussion: "Example: rapport \(Kind.command) export \(Kind.exampleTable) --file out.csv")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "The table's whole name.")
  var table: String

  @OptionGroup var options: ExportOptions

  func run(in session: Session) async throws {
    try await options.run(table, session) { take in
      try await Kind.export(table, fields: options.fieldNames, session, take)
    }
  }
}
