import ArgumentParser
import Foundation
import Messages
import Testing

@testable import CommandLineTool

@Suite("Help and arguments")
struct HelpTests {
  /// Every command with the words that lead to it.
  private static func commands(
    _ command: any ParsableCommand.Type = RapportCommand.self, after words: [String] = []
  ) -> [(words: [String], command: any ParsableCommand.Type)] {
    [(words, command)]
      + command.configuration.subcommands.flatMap { inner in
        let name = inner._commandName
        return commands(inner, after: words + [name])
      }
  }

  static let leaves = commands().filter { $0.command.configuration.subcommands.isEmpty }

  @Test("every command has a sentence of what it does, and an example of itself")
  func examples() {
    #expect(Self.leaves.count > 50)
    for (words, command) in Self.leaves {
      let help = RapportCommand.helpMessage(for: command, columns: 1_000)
      #expect(!command.configuration.abstract.isEmpty, "\(words)")
      #expect(help.contains("rapport \(words.joined(separator: " ")) "), "\(words): \(help)")
    }
  }

  @Test("every command that calls takes -o and --server after its own words")
  func commonOptions() {
    for (words, command) in Self.leaves where words != ["setup"] {
      let help = RapportCommand.helpMessage(for: command)
      #expect(help.contains("--server"), "\(words)")
      #expect(help.contains("-o, --output"), "\(words)")
    }
  }

  @Test("the version is the suite's")
  func version() async throws {
    let version = try await Executable().run("--version")
    #expect(version.output == "rapport 0.1.0\n")
    #expect(version.status == 0)
  }

  @Test(
    "a command that is called wrongly ends with 64",
    arguments: [
      ["entities", "create"], ["profiles", "nothing"], ["entities", "list", "--page-size", "0"],
      ["entities", "list", "-o", "xml"], ["keys", "create", "--display-name", "x", "--grant", "b2c:profiles"],
      ["profiles", "import", "t", "f"], ["profiles", "import", "--resume", "i", "f", "--key", "k"], ["call"],
      ["entities", "get", "entities/b2c", "--server", "nowhere", "--api-key", "k"],
    ])
  func usage(arguments: [String]) async throws {
    let run = try await Executable().run(arguments)
    #expect(run.status == 64)
    #expect(!run.errors.isEmpty)
    #expect(run.output == "")
  }

  @Test("grants are written entity:module:right, with - for every entity")
  func grants() {
    let grant = GrantText(argument: "b2c:profiles:write")?.grant
    #expect(grant?.entity == "entities/b2c")
    #expect(grant?.module == .profiles)
    #expect(grant?.right == .write)
    #expect(GrantText(argument: "-:all:administer")?.grant.entity == "entities/-")
    #expect(grant.map(GrantText.text) == "b2c:profiles:write")
    for wrong in ["b2c", "b2c:profiles", ":profiles:read", "b2c:unspecified:read", "b2c:profiles:none", "a:b:c:d"] {
      #expect(GrantText(argument: wrong) == nil)
    }
  }

  @Test("masks name a definition's fields in either form, and values by their technical names")
  func masks() {
    #expect(FieldMasks.definition("displayName,attributes").paths == ["display_name", "attributes"])
    #expect(FieldMasks.definition("display_name").paths == ["display_name"])
    #expect(
      FieldMasks.values("firstName, fields.tier,fields", in: "fields").paths
        == ["fields.firstName", "fields.tier", "fields"])
  }
}
