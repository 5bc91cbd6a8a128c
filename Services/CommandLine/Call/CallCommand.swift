import ArgumentParser

/// `rapport call`: any method of the API, with JSON in and JSON out.
struct CallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Calls any method of the API with JSON.",
    discussion: """
      Messages are written in proto3 JSON. A method that takes a stream takes as many messages as are given, or with - \
      a message a line from standard input, sent as they come; a method that answers with a stream prints a message a \
      line.

      Examples:
        rapport call --list
        rapport call ProfileService/GetProfile '{"name":"entities/b2c/profileTables/customers/profiles/42"}'
        rapport call AccessService/ListEntities
      """)

  @OptionGroup var common: CommonOptions

  @Flag(help: "List the methods instead.")
  var list = false

  @Argument(help: "The method: rapport.profiles.v1.ProfileService/GetProfile, or as much of its end as is unique.")
  var method: String?

  @Argument(help: ArgumentHelp("The request; - reads it from standard input. Default {}.", valueName: "json"))
  var messages: [String] = []

  func validate() throws {
    guard list != (method != nil) else {
      throw ValidationError("Name one method, or give --list.")
    }
    guard messages.count <= 1 || !messages.contains("-") else {
      throw ValidationError("- stands alone: the whole request then comes from standard input.")
    }
  }

  func run() async throws {
    try await reportingFailure(in: common.output) {
      guard let name = method else {
        try MethodCatalog.suite.print(as: common.output)
        return
      }
      let method = try MethodCatalog.suite.method(named: name)
      let requests = try JSONRequests(messages, for: method)
      try await Session.run(common) { session in
        try await JSONCall(method: method, session: session).run(requests)
      }
    }
  }
}
