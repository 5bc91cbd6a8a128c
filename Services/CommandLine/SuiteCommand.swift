import ArgumentParser

/// A command that calls the suite.
protocol SuiteCommand: AsyncParsableCommand {
  var common: CommonOptions { get }

  /// Does the command's work.
  ///
  /// - Throws: anything; ``CommandError`` gives it its form.
  func run(in session: Session) async throws
}

extension SuiteCommand {
  func run() async throws {
    try await reportingFailure(in: common.output) {
      try await Session.run(common) { try await run(in: $0) }
    }
  }
}

/// Runs a command's work, and says on standard error why it failed: a sentence for people, one JSON object on the last
/// line for programs.
func reportingFailure(in format: OutputFormat, _ body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch let exit as ExitCode {
    throw exit
  } catch {
    let failure = CommandError(error)
    Console.complain(format == .json ? failure.json : failure.text)
    throw ExitCode(failure.exitStatus)
  }
}
