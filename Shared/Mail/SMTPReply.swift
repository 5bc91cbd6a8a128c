/// What a mail server answered (RFC 5321 §4.2).
package struct SMTPReply: Sendable, Hashable, CustomStringConvertible {
  /// 200 to 599.
  package let code: Int
  /// Such as 5.1.1 (RFC 3463); nil where the server gave none.
  package let enhancedCode: EnhancedCode?
  /// The lines' texts, without codes.
  package let lines: [String]

  /// A code that says more of why.
  package struct EnhancedCode: Sendable, Hashable, CustomStringConvertible {
    package let kind: Int
    package let subject: Int
    package let detail: Int

    package var description: String { "\(kind).\(subject).\(detail)" }

    /// Reads it; nil for anything else.
    init?(_ text: some Collection<UInt8>) {
      var rest = text[...]
      guard let kind = Self.part(&rest), let subject = Self.part(&rest), let detail = Self.part(&rest, isLast: true),
        kind == 2 || kind == 4 || kind == 5
      else { return nil }
      (self.kind, self.subject, self.detail) = (kind, subject, detail)
    }

    /// Takes a number of at most three digits, and the dot behind it.
    private static func part<Bytes: Collection<UInt8>>(_ rest: inout Bytes, isLast: Bool = false) -> Int?
    where Bytes.SubSequence == Bytes {
      let digits = rest.prefix { $0 != UInt8(ascii: ".") }
      rest = rest.dropFirst(digits.count)
      guard (1...3).contains(digits.count), rest.isEmpty == isLast else { return nil }
      rest = rest.dropFirst()
      return digits.number
    }
  }

  init(code: Int, lines: [String]) {
    self.code = code
    let first = lines.first.flatMap { line in EnhancedCode(line.utf8.prefix { $0 != UInt8(ascii: " ") }) }
    // It must be of the reply's own class, or it is part of the text.
    enhancedCode = first?.kind == code / 100 ? first : nil
    self.lines = lines
  }

  /// 2xx: it is done.
  package var isDone: Bool { code / 100 == 2 }
  /// 4xx: another time it may work.
  package var isTemporary: Bool { code / 100 == 4 }
  /// 5xx: it will not work.
  package var isPermanent: Bool { code / 100 == 5 }

  /// Its codes without its text, which may name a person: `554 5.7.1`.
  package var codes: String {
    enhancedCode.map { "\(code) \($0)" } ?? "\(code)"
  }

  /// The reply on one line of at most 500 characters, without control characters.
  package var description: String {
    let text = "\(code) \(lines.joined(separator: " "))"
    return String(
      String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) }).prefix(500))
  }
}

/// Puts the lines that a server sends together to replies.
struct SMTPReplyReader {
  /// Beyond what RFC 5321 §4.5.3.1.5 asks for.
  private static let longestLine = 4_096
  private static let mostLines = 200

  /// The server sent what is no reply.
  struct Malformed: Error {}

  private var rest: [UInt8] = []
  private var code: Int?
  private var lines: [String] = []

  /// Whether bytes came that belong to no complete reply.
  var hasRest: Bool { !rest.isEmpty || code != nil }

  /// Takes bytes as they come; gives the replies that are complete now.
  mutating func read(_ bytes: some Sequence<UInt8>) throws(Malformed) -> [SMTPReply] {
    var replies: [SMTPReply] = []
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        rest.append(byte)
        guard rest.count <= Self.longestLine else { throw Malformed() }
        continue
      }
      if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
      if let reply = try take(rest[...]) { replies.append(reply) }
      rest.removeAll(keepingCapacity: true)
    }
    return replies
  }

  private mutating func take(_ line: ArraySlice<UInt8>) throws(Malformed) -> SMTPReply? {
    guard let number = line.prefix(3).number, (200...599).contains(number), code ?? number == number,
      lines.count < Self.mostLines
    else { throw Malformed() }
    let behind = line.dropFirst(3)
    let sign = behind.first ?? UInt8(ascii: " ")
    guard sign == UInt8(ascii: " ") || sign == UInt8(ascii: "-") else { throw Malformed() }
    lines.append(String(decoding: behind.dropFirst(), as: UTF8.self))
    if sign == UInt8(ascii: "-") {
      code = number
      return nil
    }
    defer {
      code = nil
      lines = []
    }
    return SMTPReply(code: number, lines: lines)
  }
}

extension Collection<UInt8> {
  /// The number that a few digits write; nil for anything else.
  fileprivate var number: Int? {
    guard !isEmpty, allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
  }
}
