/// Why what a caller sent is refused: each field at fault, and what to do.
package struct FieldFault: Error, Sendable, Hashable {
  /// One field at fault.
  package struct Problem: Sendable, Hashable {
    /// The path in the request: `profile.fields.emailAddress`.
    package let field: String
    /// What is wrong and what to do, never the value.
    package let explanation: String

    /// A problem of the field at a path.
    package init(_ field: String, _ explanation: String) {
      self.field = field
      self.explanation = explanation
    }
  }

  /// At least one.
  package let problems: [Problem]

  /// A fault of one field or several.
  package init(_ problems: [Problem]) {
    self.problems = problems
  }
}
