import Messages

/// Prints a command's answer on standard output.
struct Output: Sendable {
  /// In which form.
  var format: OutputFormat

  /// Prints an answer: as proto3 JSON on one line, or as what `table` makes of it.
  func print<Answer: Message>(_ answer: Answer, table: (Answer) throws -> String) throws {
    switch format {
    case .table: try Console.print(table(answer))
    case .json: try Console.print(JSONText.compact(answer.encoded(), as: Answer.descriptor))
    }
  }

  /// Prints any answer in proto3 JSON, in lines for people.
  func print(wire: [UInt8], as descriptor: MessageDescriptor) throws {
    switch format {
    case .table: try Console.print(JSONText.indented(wire, as: descriptor))
    case .json: try Console.print(JSONText.compact(wire, as: descriptor))
    }
  }
}
