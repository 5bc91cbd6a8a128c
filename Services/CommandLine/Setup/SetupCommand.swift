import ArgumentParser
import Foundation
import ServiceKit

/// `rapport setup`: what `deploy/run` and `deploy/compose.yaml` call before every start.
struct SetupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup",
    abstract: "Makes what the suite's processes need: secrets, database, configuration files.",
    discussion: """
      Does only what is missing; secrets that are there are kept. The database server must be running.

      Example: rapport setup --data /var/lib/rapport --topology /var/lib/rapport/topology.json

      In containers, --password-only goes before the database server's first start, and --apart after it.
      """)

  @Option(help: ArgumentHelp("The data folder.", valueName: "folder"))
  var data: String

  @Option(help: ArgumentHelp("Which services there are and where they listen, in JSON.", valueName: "file"))
  var topology: String

  @Flag(help: "Lays what each service may see in services/NAME, a folder that its container alone is given.")
  var apart = false

  @Flag(help: "Only draws the password of the database's administrator, before the database server is made.")
  var passwordOnly = false

  @Flag(help: "Only prints the administrator's key, which a setup has made.")
  var showKey = false

  @Option(name: .shortAndLong, help: "table for people, json for programs.")
  var output = OutputFormat.table

  func run() async throws {
    try await reportingFailure(in: output) {
      let folder = URL(filePath: data, directoryHint: .isDirectory).standardizedFileURL.path
      if showKey { return try Console.print(SuiteSetup.administratorKey(in: folder)) }
      let topology = try Topology(contentsOf: topology)
      if passwordOnly { return try topology.database.drawPassword() }
      let services = try await SuiteSetup(topology: topology, data: folder, isApart: apart).run()
      if output == .json {
        let answer = try JSONEncoder().encode(["configured": services.map(\.rawValue)])
        try Console.print(String(decoding: answer, as: UTF8.self))
      }
    }
  }
}
