import ArgumentParser
import ServiceKit

/// `rapport`: the suite from a terminal.
///
/// Exit status: 0 done, 1 failed, 64 called wrongly. With `-o json` standard output carries one JSON value and the last
/// line of standard error, when the command fails, one JSON object (``CommandError``).
struct RapportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rapport",
    abstract: "Works with Rapport, the marketing-automation suite, from a terminal.",
    discussion: """
      Where Rapport is, and who you are, comes from --server and --api-key, else from RAPPORT_SERVER and RAPPORT_KEY, else \
      from the file that a running Rapport leaves in its data folder.

      Example: rapport entities list
      """,
    version: "rapport \(Version.current)",
    subcommands: [
      EntitiesCommand.self, KeysCommand.self, ProfilesCommand.self, RowsCommand.self, TargetingsCommand.self,
      SendersCommand.self, CampaignsCommand.self, FormsCommand.self, ScenariosCommand.self, TimelineCommand.self,
      CallCommand.self, SetupCommand.self,
    ])
}

/// The program.
package enum Rapport {
  /// Runs what the process's arguments say, and ends the process with the command's exit status.
  package static func main() async {
    await RapportCommand.main()
  }
}
