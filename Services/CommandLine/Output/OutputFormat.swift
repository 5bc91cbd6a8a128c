import ArgumentParser

/// How a command prints its answer.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  /// For people.
  case table
  /// For programs: the answer in proto3 JSON on one line.
  case json
}
