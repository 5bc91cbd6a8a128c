/// Why bytes are not a message.
public struct DecodingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of damage.
  public enum Reason: Error, Sendable, Hashable {
    /// The bytes end within a field.
    case truncated
    /// A varint of more than ten bytes, or a tag or length that no message can have.
    case malformedNumber
    /// A field number outside 1 … 536,870,911, or a wire type that does not exist.
    case malformedTag
    /// A group that ends without having begun, or under another number.
    case unbalancedGroup
    /// A string that is not UTF-8.
    case invalidUTF8
    /// Two keys of a map that differ only in their spelling by Unicode's canonical equivalence.
    case ambiguousKey
    /// More levels than ``DecodingLimits/depth``.
    case tooDeep
    /// More elements than ``DecodingLimits/elements``.
    case tooManyElements
    /// More memory than ``DecodingLimits/arenaBytes``.
    case tooMuchMemory
  }

  /// What is wrong.
  public let reason: Reason

  /// The full proto name of the message in which it was found.
  public let message: String

  /// The number of the field in which it was found; 0 where there is none.
  public let field: Int

  package init(_ reason: Reason, message: String, field: Int = 0) {
    self.reason = reason
    self.message = message
    self.field = field
  }

  /// A sentence without any value of the message.
  public var description: String {
    let place = field == 0 ? message : "field \(field) of \(message)"
    return switch reason {
    case .truncated: "The bytes end within \(place)."
    case .malformedNumber: "A number in \(place) is longer than its type allows."
    case .malformedTag: "A tag in \(message) has no valid field number and wire type."
    case .unbalancedGroup: "A group in \(place) does not end where it began."
    case .invalidUTF8: "The text of \(place) is not UTF-8."
    case .ambiguousKey: "Two keys of \(place) are the same text in different Unicode spellings."
    case .tooDeep: "Messages nest too deep in \(place)."
    case .tooManyElements: "The message has too many elements, counted up to \(place)."
    case .tooMuchMemory: "The message would take too much memory, counted up to \(place)."
    }
  }
}
