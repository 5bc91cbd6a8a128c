import ArgumentParser
import Messages
import RPC

/// `rapport targetings`: populations that are saved, counted, listed and exported.
struct TargetingsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "targetings",
    abstract: "Populations that are saved, counted, listed and exported.",
    discussion: "Example: rapport targetings count \(Targetings.example)",
    subcommands: Targetings.subcommands + [
      DeleteCommand<Targetings>.self, Count.self, Profiles.self, Export.self,
    ])

  /// `rapport targetings count`.
  struct Count: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Counts a population: in all, and for each criterion by itself.",
      discussion: """
        Examples:
          rapport targetings count \(Targetings.example)
          rapport targetings count entities/b2c --file draft.json
        """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The targeting's whole name; with --file the entity.")
    var name: String

    @Option(
      help: ArgumentHelp("A targeting that is not saved, in proto3 JSON; - reads standard input.", valueName: "file"))
    var file: String?

    func run(in session: Session) async throws {
      var request = TargetingV1.CountTargetingRequest()
      if let file {
        let json = try await InputFile(file).rest(atMost: 4 << 20)
        request.parent = name
        request.population = .targeting(try JSONText.message(json, as: TargetingV1.Targeting.self, from: file))
      } else {
        request.parent = name.split(separator: "/").prefix(2).joined(separator: "/")
        request.population = .name(name)
      }
      let answer = try await session.call(TargetingV1.TargetingService.countTargeting, request)
      try session.output.print(answer, table: \.text)
    }
  }

  /// `rapport targetings profiles`.
  struct Profiles: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the names of the profiles of a targeting.",
      discussion: "Example: rapport targetings profiles \(Targetings.example) --page-size 20")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The targeting's whole name.")
    var name: String

    @OptionGroup var page: PageOptions

    func run(in session: Session) async throws {
      var request = TargetingV1.ListTargetedProfilesRequest()
      request.parent = name
      let list = try await session.page(TargetingV1.TargetingService.listTargetedProfiles, request, page)
      try session.output.print(page: list) {
        $0.profiles.isEmpty ? "No profile is in it." : $0.profiles.joined(separator: "\n")
      }
    }
  }

  /// `rapport targetings export`.
  struct Export: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes the profiles of a targeting to a CSV file.",
      discussion: "Example: rapport targetings export \(Targetings.example) --fields emailAddress --file out.csv")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The targeting's whole name.")
    var name: String

    @OptionGroup var options: ExportOptions

    func run(in session: Session) async throws {
      var request = TargetingV1.ExportTargetingRequest()
      request.parent = name
      request.fields = options.fieldNames
      try await options.run(name, session) { take in
        try await session.call(TargetingV1.TargetingService.exportTargeting, request) { responses in
          for try await response in responses {
            try await take(response.chunk)
          }
        }
      }
    }
  }
}

extension TargetingV1.CountTargetingResponse {
  fileprivate var text: String {
    var table = TextTable("CRITERION", "PROFILES")
    table.rows = criteria.map { [$0.path.isEmpty ? "(all of it)" : $0.path, Amounts.count($0.count)] }
    let total = "\(Amounts.count(count)) profiles, as of \(Moment.text(readTime))."
    return criteria.isEmpty ? total : table.text + "\n\n" + total
  }
}
