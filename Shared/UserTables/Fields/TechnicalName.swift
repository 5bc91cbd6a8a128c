/// The rules for the names that users give to tables and fields.
package enum TechnicalName {
  /// Why `name` cannot be the technical name of a field, or nil when it can: 1 to 60 ASCII letters, digits and
  /// underscores, beginning with a letter.
  package static func problem(ofField name: String) -> String? {
    problem(of: name, allowing: [UInt8(ascii: "_")], list: "letters, digits and underscores")
  }

  /// Why `name` cannot be the id of a table or another resource, or nil when it can: 1 to 60 ASCII letters, digits,
  /// hyphens and underscores, beginning with a letter.
  package static func problem(ofResource name: String) -> String? {
    problem(
      of: name, allowing: [UInt8(ascii: "_"), UInt8(ascii: "-")], list: "letters, digits, hyphens and underscores")
  }

  private static func problem(of name: String, allowing extra: [UInt8], list: String) -> String? {
    let bytes = name.utf8
    guard let first = bytes.first else { return "Give a name." }
    guard bytes.count <= 60 else { return "The name is longer than 60 characters. Shorten it." }
    guard isLetter(first) else {
      return "The name begins with something else than a letter (A to Z). Begin it with one."
    }
    guard bytes.allSatisfy({ isLetter($0) || isDigit($0) || extra.contains($0) }) else {
      return "The name has characters other than \(list) (A to Z, 0 to 9). Use only these."
    }
    return nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
