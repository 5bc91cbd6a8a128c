/// What can be fuzzed.
enum FuzzTarget: String, CaseIterable {
  /// Messages from the wire format and from JSON, and back.
  case codec
  /// gRPC's length-prefixed messages, compressed and not.
  case framing
  /// A server's end of a connection, from the preface to the handlers.
  case session

  /// Returns when all is as it must be, whatever the bytes are.
  func run(_ bytes: [UInt8]) {
    switch self {
    case .codec: CodecTarget.run(bytes)
    case .framing: FramingTarget.run(bytes)
    case .session: SessionTarget.run(bytes)
    }
  }
}

/// Ends the program, at which a fuzzer keeps the input, unless the condition holds.
func check(_ condition: Bool, _ claim: @autoclosure () -> String, line: UInt = #line) {
  if !condition { fatalError("broken (line \(line)): \(claim())") }
}
