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
        machine.add(text: text)
        rest = rest.dropFirst(text.count)
        continue
      }
      if rest.starts(with: "<!--".utf8) {
        rest = skip(past: "-->", in: rest)
        continue
      }
      let tag = HTMLTag(rest.prefix(HTMLTag.longest))
      // A lone sign is text.
      if tag.length == 1 { machine.add(text: rest.prefix(1)) } else { machine.add(tag) }
      rest = rest.dropFirst(tag.length)
    }
    return machine.text
  }

  private static func skip(past end: String, in rest: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = rest
    while !rest.isEmpty, !rest.starts(with: end.utf8) { rest = rest.dropFirst() }
    return rest.dropFirst(end.utf8.count)
  }

  private struct Machine {
    /// Each line but the last with its end.
    private var bytes: [UInt8] = []
    /// Where the last line begins.
    private var lineStart = 0
    /// Whether white space came behind what was written last.
    private var needsSpace = false
    /// The element in which nothing is seen.
    private var hidden: String?
    private var link: (target: String, start: Int)?
    /// Bytes of words.
    private var written = 0

    private static let blocks: Set = [
      "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "section", "article", "header",
      "footer", "body",
    ]
    private static let unseen: Set = ["head", "style", "script", "title"]

    mutating func add(text: ArraySlice<UInt8>) {
      if hidden != nil { return }
      var rest = text
      if text.contains(UInt8(ascii: "&")) {
        rest = Array(HTMLText.decode(String(decoding: text, as: UTF8.self)).utf8)[...]
      }
      while let byte = rest.first {
        if HTMLText.isSpace(byte) {
          needsSpace = true
          rest = rest.dropFirst()
        } else {
          let word = rest.prefix { !HTMLText.isSpace($0) }
          add(word)
          rest = rest.dropFirst(word.count)
        }
      }
    }

    /// Adds a word or a part of one.
    private mutating func add(_ word: some Collection<UInt8>) {
      if needsSpace, bytes.count > lineStart { bytes.append(UInt8(ascii: " ")) }
      needsSpace = false
      bytes.append(contentsOf: word)
      written += word.count
    }

    mutating func add(_ tag: HTMLTag) {
      if let name = hidden {
        if tag.isClosing, tag.name == name { hidden = nil }
        return
      }
      switch tag.name {
      case "br": endLine()
      case "li" where !tag.isClosing:
        breakLine()
        bytes.append(UInt8(ascii: "-"))
        needsSpace = true
      case "tr", "li": breakLine()
      case "td", "th": needsSpace = true
      case "a": tag.isClosing ? endLink() : beginLink(tag)
      case _ where Self.unseen.contains(tag.name) && !tag.isClosing: hidden = tag.name
      case _ where Self.blocks.contains(tag.name): breakParagraph()
      default: break
      }
    }

    private mutating func beginLink(_ tag: HTMLTag) {
      link = tag.value(of: "href").map { (HTMLText.decode($0), written) }
    }

    private mutating func endLink() {
      guard let (target, start) = link.take(), target.hasPrefix("http"), written > start else { return }
      needsSpace = true
      add("(\(target))".utf8)
    }

    private mutating func endLine() {
      bytes.append(UInt8(ascii: "\n"))
      lineStart = bytes.count
    }

    private mutating func breakLine() {
      needsSpace = false
      if bytes.count > lineStart { endLine() }
    }

    /// Leaves one empty line, unless there is one.
    private mutating func breakParagraph() {
      breakLine()
      if lineStart > 1, bytes[lineStart - 2] != UInt8(ascii: "\n") { endLine() }
    }

    var text: String {
      var lines = bytes.drop { $0 == UInt8(ascii: "\n") }
      while lines.last == UInt8(ascii: "\n") { lines.removeLast() }
      return lines.isEmpty ? "" : String(decoding: lines, as: UTF8.self) + "\n"
    }
  }
}
