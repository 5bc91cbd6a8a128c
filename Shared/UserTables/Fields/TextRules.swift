/// What each type of text accepts, and the form in which it is kept.
enum TextRules {
  /// The text as it is kept: trimmed and in the type's own case.
  static func normalized(_ text: String, as type: FieldType) throws(FieldProblem) -> String {
    switch type {
    case .email: try email(text)
    case .phone: try phone(text)
    case .language: try code(text, type).lowercased()
    case .country: try code(text, type).uppercased()
    case .url: try url(text)
    case .string: text
    case .integer, .decimal, .boolean, .date, .timestamp: text  // Never: their values are no text.
    }
  }

  /// An address of RFC 5321 §4.1.2 (a dot-string of at most 64 bytes at a domain of at most 253), in lower case.
  ///
  /// Quoted local parts and address literals are left out on purpose: no mailbox of a person has them.
  private static func email(_ text: String) throws(FieldProblem) -> String {
    let address = text.trimmed.lowercased()
    guard address.utf8.count <= 254, let at = address.utf8.lastIndex(of: UInt8(ascii: "@")) else {
      throw .notA(.email)
    }
    let local = address.utf8[..<at]
    let domain = address.utf8[address.utf8.index(after: at)...]
    guard isDotString(local, of: isLocalByte), local.count <= 64 else { throw .notA(.email) }
    guard isDotString(domain, of: isDomainByte), domain.contains(UInt8(ascii: ".")), domain.count <= 253,
      domain.split(separator: UInt8(ascii: ".")).allSatisfy({ label in
        label.count <= 63 && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
      })
    else { throw .notA(.email) }
    return address
  }

  private static func isDotString(_ bytes: Substring.UTF8View, of isAllowed: (UInt8) -> Bool) -> Bool {
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isAllowed) }
  }

  private static func isLocalByte(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || byte >= 0x80 || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
  }

  private static func isDomainByte(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || byte >= 0x80 || byte == UInt8(ascii: "-")
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// An international number of E.164: `+` and 7 to 15 digits. Spaces, dots, hyphens and brackets are dropped.
  private static func phone(_ text: String) throws(FieldProblem) -> String {
    let dropped: Set<UInt8> = Set(" .-()/".utf8)
    let bytes = text.utf8.filter { !dropped.contains($0) }
    let digits = bytes.dropFirst()
    guard bytes.first == UInt8(ascii: "+"), (7...15).contains(digits.count), digits.allSatisfy(isDigit),
      digits.first != UInt8(ascii: "0")
    else { throw .notA(.phone) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func code(_ text: String, _ type: FieldType) throws(FieldProblem) -> String {
    let code = text.trimmed
    guard code.utf8.count == 2, code.utf8.allSatisfy(isLetter) else { throw .notA(type) }
    return code
  }

  /// An absolute http or https address (RFC 3986): a scheme, a host, and no space or control character.
  private static func url(_ text: String) throws(FieldProblem) -> String {
    let address = text.trimmed
    let lowered = address.lowercased()
    guard let scheme = ["https://", "http://"].first(where: lowered.hasPrefix) else { throw .notA(.url) }
    let rest = address.utf8.dropFirst(scheme.utf8.count)
    guard let first = rest.first, isAlphanumeric(first) || first == UInt8(ascii: "[") || first >= 0x80,
      address.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "<") })
    else { throw .notA(.url) }
    return address
  }
}

extension String {
  /// Without the spaces, tabs and line breaks around it.
  var trimmed: String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
    guard let first = utf8.firstIndex(where: { !isSpace($0) }), let last = utf8.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(self[first...last])
  }
}
