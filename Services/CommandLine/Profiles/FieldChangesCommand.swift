import ArgumentParser
import Messages
import UserTables

/// `rapport profiles changes NAME`: the history of a profile's subscriptions and segments.
struct FieldChangesCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "changes",
    abstract: "Lists the changes of a profile's subscriptions and segments, newest first.",
    discussion: "Example: rapport profiles changes \(ProfileRecords.example)")

  @OptionGroup var common: CommonOptions

  @Argument(help: "The profile's whole name.")
  var name: String

  @OptionGroup var page: PageOptions

  func run(in session: Session) async throws {
    var request = ProfilesV1.ListFieldChangesRequest()
    request.parent = name
    let list = try await session.page(ProfilesV1.ProfileService.listFieldChanges, request, page)
    try session.output.print(page: list) { list in
      var table = TextTable("TIME", "FIELD", "BEFORE", "AFTER", "SOURCE", "WAY", empty: "Nothing has changed.")
      table.rows = try list.changes.map { change in
        [
          Moment.text(change.time), change.field, try FieldWriter.text(of: change.before),
          try FieldWriter.text(of: change.after), change.provenance?.source ?? "", change.provenance?.way ?? "",
        ]
      }
      return table.text
    }
  }
}
