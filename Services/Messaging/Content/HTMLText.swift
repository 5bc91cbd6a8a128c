/// Text as HTML writes it.
enum HTMLText {
  private static let named: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "copy": "©", "reg": "®", "euro": "€",
    "hellip": "…", "ndash": "–", "mdash": "—", "laquo": "«", "raquo": "»", "rsquo": "’", "lsquo": "‘", "eacute": "é",
    "egrave": "è", "agrave": "à", "ccedil": "ç",
  ]

  /// White space between words and attributes; other spaces, such as one that breaks no line, stand as they are written.
  static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }

  /// The most bytes between `&` and `;`.
  private static let longestName = 10

  /// The text that some HTML stands for; what is no known entity stays as it is.
  static func decode(_ html: String) -> String {
    guard html.utf8.contains(UInt8(ascii: "&")) else { return html }
    var text: [UInt8] = []
    var rest = Array(html.utf8)[...]
    while let sign = rest.firstIndex(of: UInt8(ascii: "&")) {
      text += rest[..<sign]
      rest = rest[(sign + 1)...]
      if let end = rest.prefix(longestName + 1).firstIndex(of: UInt8(ascii: ";")),
        let meaning = meaning(of: String(decoding: rest[..<end], as: UTF8.self))
      {
        text += meaning.utf8
        rest = rest[(end + 1)...]
      } else {
        text.append(UInt8(ascii: "&"))
      }
    }
    return String(decoding: text + rest, as: UTF8.self)
  }

  private static func meaning(of name: String) -> String? {
    guard name.hasPrefix("#") else { return named[name] }
    let digits = name.dropFirst()
    let number =
      digits.first == "x" || digits.first == "X" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return number.flatMap(Unicode.Scalar.init).map { String($0) }
  }
}
