/// Writes the headers of a message, folded, and with encoded words for what is not ASCII (RFC 2047).
struct HeaderWriter {
  private(set) var bytes: [UInt8] = []

  /// The most characters of a line (RFC 5322 §2.1.1).
  private static let longestLine = 78
  /// The most bytes of a text within an encoded word: 39 bytes are a word of 64 characters, which stands on a line beside
  /// the name of a header. (RFC 2047 §2 allows 75.)
  private static let longestWord = 39

  /// A header whose value is a text for people.
  mutating func add(_ name: String, text: String) throws(EmailMessage.Fault) {
    try check(name, text)
    if let words = Self.plainWords(text) {
      write(name, words)
    } else {
      write(name, Self.encodedWords(text).map(\.utf8))
    }
  }

  /// A header whose value has a form of its own.
  mutating func add(_ name: String, raw value: String) throws(EmailMessage.Fault) {
    try check(name, value)
    write(name, value.utf8.split(separator: UInt8(ascii: " ")))
  }

  /// A header that names a party.
  mutating func add(_ name: String, _ party: EmailMessage.Party) throws(EmailMessage.Fault) {
    try check(name, party.name)
    let words = party.name.isEmpty ? ["\(party.address)"] : Self.phrase(party.name) + ["<\(party.address)>"]
    write(name, words.map(\.utf8))
  }

  /// Refuses what would end the line and begin another header.
  private func check(_ name: String, _ value: String) throws(EmailMessage.Fault) {
    guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ":") }) else {
      throw .init(part: "headers", explanation: "The name of a header is of letters, digits and hyphens. Correct it.")
    }
    if value.utf8.allSatisfy(Self.isPrintable) { return }
    let hasControl = value.unicodeScalars.contains { scalar in
      scalar.isASCII
        ? scalar.value < 0x20 || scalar.value == 0x7f
        : scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
    }
    if hasControl {
      throw .init(
        part: name.lowercased(), explanation: "It has a line break or another control character. Write it on one line.")
    }
  }

  private mutating func write(_ name: String, _ words: some Sequence<some Collection<UInt8>>) {
    bytes += name.utf8
    bytes.append(UInt8(ascii: ":"))
    var length = name.utf8.count + 1
    var isFirst = true
    for word in words {
      if !isFirst, length + 1 + word.count > Self.longestLine {
        bytes += "\r\n".utf8
        length = 0
      }
      bytes.append(UInt8(ascii: " "))
      bytes += word
      length += 1 + word.count
      isFirst = false
    }
    bytes += "\r\n".utf8
  }

  private static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) }

  /// Whether a text could be taken for an encoded word.
  private static func looksEncoded(_ text: String) -> Bool {
    text.utf8.contains(UInt8(ascii: "=")) && text.contains("=?")
  }

  /// A text as words that may stand on lines of their own; nil where it must be encoded.
  private static func plainWords(_ text: String) -> [Substring.UTF8View]? {
    guard text.utf8.allSatisfy(isPrintable), !looksEncoded(text) else { return nil }
    // Words with two spaces between them, or at an end, would lose one; a word longer than a line could not be folded.
    let words = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    return words.allSatisfy { (1...60).contains($0.count) } ? words : nil
  }

  /// A name in front of an address: words, a quoted text, or encoded words.
  private static func phrase(_ name: String) -> [String] {
    guard name.utf8.count <= 60, name.utf8.allSatisfy(isPrintable), !looksEncoded(name) else {
      return encodedWords(name)
    }
    let isAtoms = name.split(separator: " ", omittingEmptySubsequences: false).allSatisfy { word in
      !word.isEmpty && word.utf8.allSatisfy { !"()<>[]:;@\\,.\"".utf8.contains($0) }
    }
    if isAtoms { return [name] }
    return ["\"\(name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""]
  }

  /// Cut between characters, never within one.
  private static func encodedWords(_ text: String) -> [String] {
    var words: [String] = []
    var piece: [UInt8] = []
    for scalar in text.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      if piece.count + bytes.count > longestWord {
        words.append(piece.encodedWord)
        piece = []
      }
      piece += bytes
    }
    if !piece.isEmpty { words.append(piece.encodedWord) }
    return words
  }
}

extension [UInt8] {
  fileprivate var encodedWord: String { "=?UTF-8?B?\(Base64Text.encode(self))?=" }
}

/// Base64 with padding (RFC 4648 §4).
package enum Base64Text {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The text of some bytes, on one line.
  package static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<Swift.min(start + 3, bytes.count)]
      var buffer = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      buffer <<= UInt32(8 * (3 - group.count))
      for place in 0..<4 {
        let isPadding = place > group.count
        text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(buffer >> UInt32(18 - 6 * place) & 0x3f)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
