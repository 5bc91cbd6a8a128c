import ArgumentParser
import Foundation

/// What every command takes that calls the suite.
struct CommonOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The gateway's address.", valueName: "host:port"))
  var server: String?

  // Not --key: that names the field by which an import knows its lines.
  @Option(help: ArgumentHelp("A key, or a file that holds one.", valueName: "file|key"))
  var apiKey: String?

  @Option(help: ArgumentHelp("Longest time of a call that is no stream.", valueName: "seconds"))
  var timeout = 120

  @Option(name: .shortAndLong, help: "table for people, json for programs.")
  var output = OutputFormat.table

  func validate() throws {
    guard (1...86_400).contains(timeout) else {
      throw ValidationError("--timeout is 1 to 86,400 seconds.")
    }
  }

  /// Where to call, and with which key.
  func settings() throws -> ConnectionSettings {
    try ConnectionSettings(server: server, key: apiKey, environment: ProcessInfo.processInfo.environment)
  }
}
