/// Why a message cannot be sent.
public enum EncodingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Messages nest more than 100 levels deep: no peer would read it.
  case tooDeep

  /// The encoding would pass 2 GiB - 1 byte, the most that a protobuf message may have.
  case tooLarge

  /// A sentence that says which limit was passed.
  public var description: String {
    switch self {
    case .tooDeep: "The message nests more than 100 levels deep."
    case .tooLarge: "The message is larger than 2 GiB."
    }
  }
}
