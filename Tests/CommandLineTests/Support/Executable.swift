import Foundation

/// The built `rapport`, run as a person or a program runs it.
struct Executable {
  /// How a run ended.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    /// The last line of standard error, where the JSON form of an error stands.
    var lastErrorLine: String {
      errors.split(separator: "\n").last.map(String.init) ?? ""
    }
  }

  /// Variables beside PATH and HOME.
  var environment: [String: String] = [:]

  /// The program stands beside the executable of the tests.
  static let path = Bundle.main.bundleURL.appending(path: "rapport").path

  /// Runs it to its end, with standard input from `input`.
  func run(_ arguments: String..., input: String = "") async throws -> Outcome {
    try await run(arguments, input: input)
  }

  /// Runs it to its end, with standard input from `input`.
  func run(_ arguments: [String], input: String = "") async throws -> Outcome {
    try await withTemporaryFolder { folder in
      let streams = ["in", "out", "err"].map { "\(folder)/\($0)" }
      try Data(input.utf8).write(to: URL(filePath: streams[0]))
      for stream in streams.dropFirst() { try Data().write(to: URL(filePath: stream)) }
      let process = Process()
      process.executableURL = URL(filePath: Self.path)
      process.arguments = arguments
      // A home of its own, so that no Rapport of whoever runs the tests is found.
      process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder, "RAPPORT_RUN": "\(folder)/run.json"]
        .merging(environment) { $1 }
      process.standardInput = try FileHandle(forReadingFrom: URL(filePath: streams[0]))
      process.standardOutput = try FileHandle(forWritingTo: URL(filePath: streams[1]))
      process.standardError = try FileHandle(forWritingTo: URL(filePath: streams[2]))
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        process.terminationHandler = { _ in continuation.resume() }
        do { try process.run() } catch { continuation.resume(throwing: error) }
      }
      return Outcome(
        status: process.terminationStatus, output: try String(contentsOfFile: streams[1], encoding: .utf8),
        errors: try String(contentsOfFile: streams[2], encoding: .utf8))
    }
  }
}

/// A folder that is there for the length of `body`.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let folder = NSTemporaryDirectory() + "rapport-test-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  let result: Swift.Result<Result, any Error>
  do { result = .success(try await body(folder)) } catch { result = .failure(error) }
  try? FileManager.default.removeItem(atPath: folder)
  return try result.get()
}
