import Messages

/// The request messages of a call from the command line, encoded.
enum JSONRequests: Sendable {
  /// Those that were given as arguments.
  case given([[UInt8]])
  /// A message a line, read as it comes.
  case lines(InputFile)
  /// One message, the whole file.
  case whole(InputFile)

  /// - Throws: ``CommandError`` when the texts are no such messages, or too many for the method.
  init(_ texts: [String], for method: MethodInfo) throws {
    let takesStream = method.kind == .clientStreaming || method.kind == .bidirectional
    if texts == ["-"] {
      self = try takesStream ? .lines(InputFile("-")) : .whole(InputFile("-"))
      return
    }
    guard takesStream || texts.count <= 1 else {
      throw CommandError.usage("\(method.callName) takes one message, and \(texts.count) are given.")
    }
    let texts = texts.isEmpty && !takesStream ? ["{}"] : texts
    self = .given(
      try texts.map { try JSONText.wire(Array($0.utf8), as: method.request, from: "The request") })
  }

  /// Hands the messages on one after the other.
  func forEach(as descriptor: MessageDescriptor, _ body: ([UInt8]) async throws -> Void) async throws {
    switch self {
    case .given(let messages):
      for message in messages {
        try await body(message)
      }
    case .lines(let file):
      var number = 0
      for try await line in InputLines(file: file) {
        number += 1
        try await body(JSONText.wire(line, as: descriptor, from: "Message \(number) of standard input"))
      }
    case .whole(let file):
      try await body(JSONText.wire(file.rest(), as: descriptor, from: "Standard input"))
    }
  }
}
