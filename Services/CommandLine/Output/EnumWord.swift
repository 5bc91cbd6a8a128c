import Messages

/// Values of enums as a command line writes them: `MODULE_PROFILES` is `profiles`, `IMPORT_STATE_RUNNING` `running`.
enum EnumWord {
  /// The word of a value; its number where this build has no name for it.
  static func text<Value: MessageEnum>(_ value: Value) -> String {
    words(of: Value.self).first { $0.value == value }?.word ?? "\(value.rawValue)"
  }

  /// The value of a word; nil for one that there is not.
  static func value<Value: MessageEnum>(_ word: String, of type: Value.Type) -> Value? {
    let word = word.lowercased().replacing("_", with: "-")
    return words(of: type).first { $0.word == word }?.value
  }

  /// All words but that of the unset value, for help and errors.
  static func list<Value: MessageEnum>(of type: Value.Type) -> String {
    words(of: type).filter { $0.value.rawValue != 0 }.map(\.word).joined(separator: ", ")
  }

  private static func words<Value: MessageEnum>(of type: Value.Type) -> [(value: Value, word: String)] {
    let names = Value.allCases.map(\.description)
    let prefix = sharedPrefixLength(of: names)
    return zip(Value.allCases, names).map { ($0, $1.dropFirst(prefix).lowercased().replacing("_", with: "-")) }
  }

  /// Length of the prefix that all names of an enum have (buf's ENUM_VALUE_PREFIX), up to an underscore.
  private static func sharedPrefixLength(of names: [String]) -> Int {
    guard let first = names.first, names.count > 1 else { return 0 }
    var shared = first[...]
    for name in names {
      while !name.hasPrefix(shared) {
        shared = shared.dropLast()
      }
    }
    return shared.lastIndex(of: "_").map { shared.distance(from: shared.startIndex, to: $0) + 1 } ?? 0
  }
}
