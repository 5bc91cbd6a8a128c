/// An address that mail goes to or comes from: `local@domain`.
package struct EmailAddress: Sendable, Hashable, CustomStringConvertible {
  /// Before the last `@`.
  package let local: String
  /// Behind it.
  package let domain: String

  /// Reads an address as people write it: a dot-atom (RFC 5322 §3.2.3) of at most 64 bytes, letters beyond ASCII included
  /// (RFC 6531), at a domain of letters, digits and hyphens, or of letters beyond ASCII. Quoted local parts and address
  /// literals are refused. Nil for anything else.
  package init?(_ text: String) {
    guard text.utf8.count <= 254, let at = text.lastIndex(of: "@") else { return nil }
    let local = text[..<at]
    let domain = text[text.index(after: at)...]
    guard Self.isDotAtom(local), Self.isDomain(domain) else { return nil }
    self.local = String(local)
    self.domain = String(domain)
  }

  /// As it is written.
  package var description: String { "\(local)@\(domain)" }

  /// Whether only a server that knows SMTPUTF8 (RFC 6531) takes it.
  package var needsUTF8: Bool { !local.utf8.allSatisfy { $0 < 0x80 } || !domain.utf8.allSatisfy { $0 < 0x80 } }

  private static func isDotAtom(_ text: Substring) -> Bool {
    guard (1...64).contains(text.utf8.count) else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
      !atom.isEmpty && atom.unicodeScalars.allSatisfy(isAtomText)
    }
  }

  private static func isAtomText(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII ? isLetterOrDigit(scalar) || "!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(scalar) : isWord(scalar)
  }

  private static func isDomain(_ text: Substring) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.unicodeScalars.allSatisfy { $0.isASCII ? isLetterOrDigit($0) || $0 == "-" : isWord($0) }
    }
  }

  private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9": true
    default: false
    }
  }

  /// Letters, marks and digits: no separators, controls or invisible signs, which could hide where a mail goes.
  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .decimalNumber:
      true
    default: false
    }
  }
}
