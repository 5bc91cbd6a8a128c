/// Why the definition of a table is refused, and where.
package struct DefinitionFault: Error, Sendable, Hashable {
  /// The path within the definition: `attributes[2].id`.
  package let field: String
  /// What is wrong and what to do.
  package let explanation: String

  /// A fault of the field at a path.
  package init(_ field: String, _ explanation: String) {
    self.field = field
    self.explanation = explanation
  }
}
