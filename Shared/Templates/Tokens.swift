internal import Values

/// A word of what stands between braces.
struct Token {
  enum Kind: Equatable {
    case name(String)
    case text(String)
    case number(DecimalNumber)
    /// One of `. , : | [ ] == != < > <= >= =`.
    case sign(String)
    case end
  }

  let kind: Kind
  let offset: Int
}

/// Reads the words between braces, one at a time.
struct TokenReader {
  private let source: TemplateSource
  private let end: Int
  private var position: Int
  private(set) var current = Token(kind: .end, offset: 0)

  init(_ source: TemplateSource, _ range: Range<Int>) throws(TemplateError) {
    self.source = source
    self.position = range.lowerBound
    self.end = range.upperBound
    try advance()
  }

  /// Takes the current token and reads the next.
  @discardableResult
  mutating func take() throws(TemplateError) -> Token {
    let taken = current
    try advance()
    return taken
  }

  /// Takes a sign if it comes now.
  mutating func takes(_ sign: String) throws(TemplateError) -> Bool {
    guard current.kind == .sign(sign) else { return false }
    try advance()
    return true
  }

  /// Takes a word if it comes now.
  mutating func takes(word: String) throws(TemplateError) -> Bool {
    guard current.kind == .name(word) else { return false }
    try advance()
    return true
  }

  mutating func expect(_ sign: String) throws(TemplateError) {
    guard try takes(sign) else { throw error("There should be `\(sign)` here.") }
  }

  /// Takes a name.
  ///
  /// - Parameter what: says in the error what should stand here.
  mutating func name(_ what: String) throws(TemplateError) -> String {
    guard case .name(let name) = current.kind else { throw error("There should be \(what) here.") }
    try advance()
    return name
  }

  func expectEnd() throws(TemplateError) {
    guard current.kind == .end else { throw error("This is too much here. Remove it.") }
  }

  func error(_ explanation: String) -> TemplateError {
    source.error(at: current.offset, explanation)
  }

  // MARK: - Reading

  private mutating func advance() throws(TemplateError) {
    while position < end, Self.isSpace(source.bytes[position]) { position += 1 }
    let start = position
    current = Token(kind: try kind(), offset: start)
  }

  private mutating func kind() throws(TemplateError) -> Token.Kind {
    guard position < end else { return .end }
    let byte = source.bytes[position]
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .text(try quoted(by: byte))
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return .number(try number())
    case _ where Self.isNameStart(byte): return .name(word())
    default: return .sign(try sign())
    }
  }

  private mutating func quoted(by quote: UInt8) throws(TemplateError) -> String {
    let start = position + 1
    position = start
    while position < end, source.bytes[position] != quote { position += 1 }
    guard position < end else { throw source.error(at: start - 1, "The quoted text does not end. Close the quote.") }
    defer { position += 1 }
    return source.text(start..<position)
  }

  private mutating func number() throws(TemplateError) -> DecimalNumber {
    let start = position
    position += 1
    while position < end, Self.isDigit(source.bytes[position]) || continuesNumber { position += 1 }
    guard let number = DecimalNumber(source.text(start..<position)) else {
      throw source.error(at: start, "This is no number. Write it as 12 or 12.5.")
    }
    return number
  }

  private var continuesNumber: Bool {
    source.bytes[position] == UInt8(ascii: ".") && position + 1 < end && Self.isDigit(source.bytes[position + 1])
  }

  private mutating func word() -> String {
    let start = position
    while position < end, Self.isNameStart(source.bytes[position]) || Self.isDigit(source.bytes[position]) {
      position += 1
    }
    return source.text(start..<position)
  }

  private mutating func sign() throws(TemplateError) -> String {
    for length in [2, 1] where position + length <= end {
      let text = source.text(position..<(position + length))
      if Self.signs.contains(text) {
        position += length
        return text == "<>" ? "!=" : text
      }
    }
    throw source.error(at: position, "This sign has no meaning here.")
  }

  private static let signs: Set = [".", ",", ":", "|", "[", "]", "==", "!=", "<>", "<", ">", "<=", ">=", "="]

  private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
  private static func isNameStart(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}
