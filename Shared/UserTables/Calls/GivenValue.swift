package import Messages

/// A value that a call gives beside any field that would say what it must be.
package enum GivenValue {
  /// Why a text with U+0000 is refused: PostgreSQL keeps none, and no mail holds one.
  package static let nulExplanation = "It holds the character U+0000. Leave it out."

  /// What is wrong with a value, or nil: it has a kind, and no text in it holds U+0000.
  package static func problem(of value: TypeV1.Value) -> String? {
    switch value.kind {
    case nil: "The value has no kind set. Set one."
    case .stringValue(let text): text.unicodeScalars.contains("\0") ? nulExplanation : nil
    case .listValue(let list): list.values.lazy.compactMap(problem).first
    default: nil
    }
  }
}
