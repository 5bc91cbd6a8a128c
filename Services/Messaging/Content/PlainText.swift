/// Makes the text of a mail from its HTML, for programs that show no HTML.
///
/// It reads the HTML that people write for mails, and never fails: what it does not understand it leaves out.
enum PlainText {
  static func of(_ html: String) -> String {
    var machine = Machine()
    var rest = Array(html.utf8)[...]
    while let byte = rest.first {
      guard byte == UInt8(ascii: "<") else {
        let text = rest.prefix { $0 != UInt8(ascii: "<") }
        machine.add(text: String(decoding: text, as: UTF8.self))
        rest = rest.dropFirst(text.count)
        continue
      }
      if rest.starts(with: "<!--".utf8) {
        rest = skip(past: "-->", in: rest)
        continue
      }
      let tag = HTMLTag(rest.prefix(HTMLTag.longest))
      rest = rest.dropFirst(tag.length)
      // A lone sign is text.
      if tag.length == 1 { machine.add(text: "<") } else { machine.add(tag) }
    }
    return machine.text
  }

  private static func skip(past end: String, in rest: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let end = Array(end.utf8)
    var rest = rest
    while !rest.isEmpty, !rest.starts(with: end) { rest = rest.dropFirst() }
    return rest.dropFirst(end.count)
  }

  private struct Machine {
    private var lines: [String] = [""]
    private var hidden: String?
    private var link: (target: String, start: Int)?
    private var written = 0

    private static let blocks: Set = [
      "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "section", "article", "header",
      "footer", "body",
    ]
    private static let unseen: Set = ["head", "style", "script", "title"]

    mutating func add(text: String) {
      if hidden != nil { return }
      let decoded = HTMLText.decode(text).unicodeScalars
      if decoded.first?.isSpace == true { space() } else { isBetweenWords = false }
      for word in decoded.split(whereSeparator: { $0.isSpace && $0 != "\u{A0}" }) { add(word: String(word)) }
      if decoded.last?.isSpace == true { space() }
    }

    private var needsSpace = false

    private mutating func add(word: String) {
      let last = lines.count - 1
      if needsSpace || (isBetweenWords && !lines[last].isEmpty) { lines[last] += lines[last].isEmpty ? "" : " " }
      lines[last] += word
      needsSpace = false
      isBetweenWords = true
      written += word.utf8.count
    }

    /// Whether the last thing written was a word of the same text.
    private var isBetweenWords = false

    private mutating func space() {
      needsSpace = true
      isBetweenWords = false
    }

    mutating func add(_ tag: HTMLTag) {
      isBetweenWords = false
      if let name = hidden {
        if tag.isClosing, tag.name == name { hidden = nil }
        return
      }
      switch tag.name {
      case _ where Self.unseen.contains(tag.name) && !tag.isClosing: hidden = tag.name
      case "br": lines.append("")
      case "li" where !tag.isClosing:
        breakLine()
        lines[lines.count - 1] += "- "
      case "tr", "li": breakLine()
      case "td", "th": space()
      case "a": tag.isClosing ? endLink() : beginLink(tag)
      case _ where Self.blocks.contains(tag.name): breakParagraph()
      default: break
      }
    }

    private mutating func beginLink(_ tag: HTMLTag) {
      link = tag.attributes["href"].map { (HTMLText.decode($0), written) }
    }

    private mutating func endLink() {
      guard let (target, start) = link else { return }
      link = nil
      if target.hasPrefix("http"), written > start { add(word: " (\(target))") }
      isBetweenWords = false
    }

    private mutating func breakLine() {
      needsSpace = false
      if lines[lines.count - 1] != "" { lines.append("") }
    }

    private mutating func breakParagraph() {
      breakLine()
      if lines.count > 1, lines[lines.count - 2] != "" { lines.append("") }
    }

    var text: String {
      var lines = lines[...]
      while lines.last == "" { lines.removeLast() }
      while lines.first == "" { lines.removeFirst() }
      return lines.map { "\($0)\n" }.joined()
    }
  }
}

/// A tag of HTML at the beginning of some bytes: `<a href="…">`.
struct HTMLTag {
  /// A tag is looked at no further than this, so that no template makes it slow.
  static let longest = 16_384

  /// In small letters; empty for what is no tag.
  let name: String
  let isClosing: Bool
  /// By name in small letters, as they are written.
  let attributes: [String: String]
  /// Where each attribute's value stands, counted from the `<`.
  let places: [String: Range<Int>]
  /// How many bytes it has, from `<` to `>`; at least 1.
  let length: Int

  init(_ bytes: ArraySlice<UInt8>) {
    let (first, end) = (bytes.startIndex, bytes.endIndex)
    var place = first + 1
    isClosing = place < end && bytes[place] == UInt8(ascii: "/")
    if isClosing { place += 1 }
    let start = place
    while place < end, Self.isName(bytes[place]) { place += 1 }
    name = String(decoding: bytes[start..<place], as: UTF8.self).lowercased()
    var attributes: [String: String] = [:]
    var places: [String: Range<Int>] = [:]
    if name.isEmpty, place < end, bytes[place] != UInt8(ascii: "!") {
      // A lone sign, such as in "1 < 2".
      self.attributes = [:]
      self.places = [:]
      length = 1
      return
    }
    while place < end, bytes[place] != UInt8(ascii: ">") {
      let attribute = Self.word(bytes, &place)
      guard !attribute.isEmpty else {
        place += 1
        continue
      }
      Self.skipSpace(bytes, &place)
      guard place < end, bytes[place] == UInt8(ascii: "=") else { continue }
      place += 1
      Self.skipSpace(bytes, &place)
      let range = Self.value(bytes, &place)
      let key = String(decoding: bytes[attribute], as: UTF8.self).lowercased()
      // As browsers do, the first of a name counts.
      if places[key] == nil {
        places[key] = (range.lowerBound - first)..<(range.upperBound - first)
        attributes[key] = String(decoding: bytes[range], as: UTF8.self)
      }
    }
    self.attributes = attributes
    self.places = places
    length = min(place + 1, end) - first
  }

  private static func isName(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }

  private static func skipSpace(_ bytes: ArraySlice<UInt8>, _ place: inout Int) {
    while place < bytes.endIndex, isSpace(bytes[place]) { place += 1 }
  }

  private static func word(_ bytes: ArraySlice<UInt8>, _ place: inout Int) -> Range<Int> {
    skipSpace(bytes, &place)
    let start = place
    while place < bytes.endIndex, !isSpace(bytes[place]), !"/>=".utf8.contains(bytes[place]) { place += 1 }
    return start..<place
  }

  private static func value(_ bytes: ArraySlice<UInt8>, _ place: inout Int) -> Range<Int> {
    let end = bytes.endIndex
    guard place < end, bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "'") else {
      let start = place
      while place < end, !isSpace(bytes[place]), bytes[place] != UInt8(ascii: ">") { place += 1 }
      return start..<place
    }
    let quote = bytes[place]
    place += 1
    let start = place
    while place < end, bytes[place] != quote { place += 1 }
    defer { place += 1 }
    return start..<min(place, end)
  }
}

/// Text as HTML writes it.
enum HTMLText {
  private static let named: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "copy": "©", "reg": "®", "euro": "€",
    "hellip": "…", "ndash": "–", "mdash": "—", "laquo": "«", "raquo": "»", "rsquo": "’", "lsquo": "‘", "eacute": "é",
    "egrave": "è", "agrave": "à", "ccedil": "ç",
  ]

  /// The text that some HTML stands for; what is no known entity stays as it is.
  static func decode(_ html: String) -> String {
    guard html.utf8.contains(UInt8(ascii: "&")) else { return html }
    var text = ""
    var rest = html[...]
    while let sign = rest.firstIndex(of: "&") {
      text += rest[..<sign]
      rest = rest[rest.index(after: sign)...]
      let name = rest.prefix(10).prefix { $0 != ";" }
      if rest.dropFirst(name.count).first == ";", let meaning = meaning(of: name) {
        text += meaning
        rest = rest.dropFirst(name.count + 1)
      } else {
        text += "&"
      }
    }
    return text + rest
  }

  private static func meaning(of name: Substring) -> String? {
    guard name.hasPrefix("#") else { return named[String(name)] }
    let digits = name.dropFirst()
    let number =
      digits.first == "x" || digits.first == "X" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return number.flatMap(Unicode.Scalar.init).map { String($0) }
  }
}

extension Unicode.Scalar {
  /// White space, as Unicode says; most is ASCII, and told without its tables.
  fileprivate var isSpace: Bool {
    isASCII ? value == 0x20 || (0x09...0x0d).contains(value) : properties.isWhitespace
  }
}
