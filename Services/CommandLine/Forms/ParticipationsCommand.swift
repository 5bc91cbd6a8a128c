import ArgumentParser
import Messages
import UserTables

/// `rapport forms participations`: sets of answers.
struct ParticipationsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "participations",
    abstract: "Sets of answers to a form.",
    discussion: "Example: rapport forms participations list \(FormDefinitions.example)",
    subcommands: [Push.self, Get.self, List.self])

  private static let example = "\(FormDefinitions.example)/participations/7"

  /// `rapport forms participations push`.
  struct Push: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Records the answers that a third party's form has taken.",
      discussion: """
        Example: rapport forms participations push \(FormDefinitions.example) --profile \(ProfileRecords.example) \
        --data '{"reason":"price","rating":4}'
        """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The form's whole name.")
    var name: String

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("The answers as a JSON object, or the participation in proto3 JSON.", valueName: "json"))
    var data: String

    @Option(help: "The profile's whole name. Without it: anonymous.")
    var profile: String?

    @Option(help: ArgumentHelp("Makes a repeat of this command answer what the first did.", valueName: "id"))
    var requestID: String?

    func run(in session: Session) async throws {
      var request = FormsV1.CreateParticipationRequest()
      request.parent = name
      request.requestId = requestID ?? ""
      var participation = try await participation(session)
      if let profile { participation.profile = profile }
      request.participation = participation
      let pushed = try await session.call(FormsV1.FormService.createParticipation, request)
      try session.output.print(pushed, table: { try $0.text })
    }

    private func participation(_ session: Session) async throws -> FormsV1.Participation {
      let json = data == "-" ? try await InputFile("-").rest(atMost: 4 << 20) : Array(data.utf8)
      let members = try FieldData.members(of: json)
      // No answer is an object, so that one names the participation's own member.
      if case .object = members["answers"] {
        return try JSONText.message(json, as: FormsV1.Participation.self, from: "The data")
      }
      var participation = FormsV1.Participation()
      participation.answers = try await FieldData.values(members, of: TableShape(FormDefinitions.get(name, session)))
      return participation
    }
  }

  /// `rapport forms participations get`.
  struct Get: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows one participation.", discussion: "Example: rapport forms participations get \(example)")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = FormsV1.GetParticipationRequest()
      request.name = name
      try await session.output.print(
        session.call(FormsV1.FormService.getParticipation, request), table: { try $0.text })
    }
  }

  /// `rapport forms participations list`.
  struct List: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the participations of a form, newest first.",
      discussion: "Example: rapport forms participations list \(FormDefinitions.example) --all")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The form's whole name.")
    var name: String

    @Option(help: "Only those of this profile.")
    var profile: String?

    @OptionGroup var page: PageOptions

    func run(in session: Session) async throws {
      var request = FormsV1.ListParticipationsRequest()
      request.parent = name
      request.profile = profile ?? ""
      let list = try await session.page(FormsV1.FormService.listParticipations, request, page)
      try session.output.print(page: list) { list in
        var table = TextTable("NAME", "PROFILE", "SOURCE", "EDITS", "TIME", empty: "Nobody has answered.")
        table.rows = list.participations.map {
          [$0.name, $0.profile, EnumWord.text($0.source), "\($0.edits)", Moment.text($0.createTime)]
        }
        return table.text
      }
    }
  }
}

extension FormsV1.Participation {
  fileprivate var text: String {
    get throws {
      var details = Details()
      details.add("Participation", name)
      details.add("Profile", profile)
      details.add("Source", EnumWord.text(source))
      details.add("Time", createTime)
      details.add("Changed", updateTime)
      details.add("Edits", Int64(edits))
      var table = TextTable("QUESTION", "ANSWER", empty: "It has no answers.")
      table.rows = try answers.sorted { $0.key < $1.key }.map { [$0.key, try FieldWriter.text(of: $0.value)] }
      return details.text + "\n\n" + table.text
    }
  }
}
