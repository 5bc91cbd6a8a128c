import ArgumentParser
import Messages

/// `rapport timeline PROFILE`: what happened to a profile, whichever module it happened in.
struct TimelineCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "timeline",
    abstract: "Lists what happened to a profile, newest first.",
    discussion: """
      Kinds: \(EnumWord.list(of: InteractionsV1.InteractionKind.self)).

      Example: rapport timeline \(ProfileRecords.example) --kind row --kind message --since 2024-01-01
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: "The profile's whole name.")
  var profile: String

  @Option(help: "Only these kinds; may be repeated.")
  var kind: [String] = []

  @Option(help: ArgumentHelp("Only from this time on.", valueName: "time"))
  var since: String?

  @Option(help: ArgumentHelp("Only before this time.", valueName: "time"))
  var until: String?

  @OptionGroup var page: PageOptions

  func run(in session: Session) async throws {
    var request = InteractionsV1.ListInteractionsRequest()
    request.parent = profile
    request.kinds = try kind.map { word in
      guard let kind = EnumWord.value(word, of: InteractionsV1.InteractionKind.self), kind != .unspecified else {
        let kinds = EnumWord.list(of: InteractionsV1.InteractionKind.self)
        throw CommandError.usage("There is no kind \(word) of interactions. The kinds are \(kinds).")
      }
      return kind
    }
    request.startTime = try since.map { try Moment.message($0, option: "--since") }
    request.endTime = try until.map { try Moment.message($0, option: "--until") }
    let list = try await session.page(InteractionsV1.InteractionService.listInteractions, request, page)
    try session.output.print(page: list) { list in
      var table = TextTable("TIME", "KIND", "WHAT", "ID", empty: "Nothing has happened.")
      table.rows = list.interactions.map {
        [Moment.text($0.time), EnumWord.text($0.kind), $0.summary.isEmpty ? $0.resource : $0.summary, $0.id]
      }
      return table.text
    }
  }
}
