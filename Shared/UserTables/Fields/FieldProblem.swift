/// Why a value is not accepted by a field: what is wrong and what to do, never the value itself.
package struct FieldProblem: Error, Sendable, Hashable {
  /// A sentence or two for whoever sent the value.
  package let explanation: String

  package init(_ explanation: String) {
    self.explanation = explanation
  }

  static func notA(_ type: FieldType) -> FieldProblem {
    FieldProblem("The value is not \(type.noun). Send \(type.noun).")
  }

  static func wrongKind(_ type: FieldType) -> FieldProblem {
    FieldProblem(
      "The field takes \(type.noun), but the value is of another kind. Send a `\(type.valueKind.messageField)`.")
  }

  static let required = FieldProblem("The field is required. Send a value.")
  static let notUTF8 = FieldProblem("The text is not UTF-8. Save the file as UTF-8.")
  static let holdsNUL = FieldProblem("The text holds the character U+0000. Remove it.")
  static let notAccepted = FieldProblem("The value is not among the accepted values of the field. Send one of them.")
  static let noTimeZone = FieldProblem(
    "The text is not the name of an IANA time zone. Send one such as Europe/Brussels, or UTC.")

  static func tooShort(_ minimum: Int) -> FieldProblem {
    FieldProblem("The text is shorter than \(minimum) characters. Send a longer one.")
  }

  static func tooLong(_ maximum: Int) -> FieldProblem {
    FieldProblem("The text is longer than \(maximum) characters. Shorten it.")
  }
}
