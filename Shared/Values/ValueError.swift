/// Why a text or number is no value of its type.
///
/// The message says which rule was broken and never repeats the value, so that it may be logged.
package struct ValueError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence without the value, for example "A decimal has at most 38 digits."
  package let message: String

  /// Makes an error from a sentence that must not contain the refused value.
  package init(_ message: String) {
    self.message = message
  }

  package var description: String { message }
}
