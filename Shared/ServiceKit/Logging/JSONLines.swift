/// Writes JSON objects on one line each (RFC 8259), with nothing in them that could end a line or steer a terminal.
struct JSONLineWriter {
  private(set) var bytes: [UInt8] = []
  private var needsComma = false

  init() {
    bytes.reserveCapacity(256)
    bytes.append(UInt8(ascii: "{"))
  }

  mutating func field(_ name: String, _ value: String) {
    startField(name)
    append(quoted: value)
  }

  mutating func field(_ name: String, _ value: Int) {
    startField(name)
    bytes.append(contentsOf: String(value).utf8)
  }

  /// Writes a nested value with a closure that appends to the line.
  mutating func field(_ name: String, raw write: (inout JSONLineWriter) -> Void) {
    startField(name)
    write(&self)
    needsComma = true
  }

  mutating func open(_ bracket: Character) {
    bytes.append(contentsOf: String(bracket).utf8)
    needsComma = false
  }

  mutating func close(_ bracket: Character) {
    bytes.append(contentsOf: String(bracket).utf8)
    needsComma = true
  }

  mutating func element(_ write: (inout JSONLineWriter) -> Void) {
    separate()
    write(&self)
    needsComma = true
  }

  mutating func string(_ value: String) {
    append(quoted: value)
  }

  mutating func end() {
    bytes.append(UInt8(ascii: "}"))
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func startField(_ name: String) {
    separate()
    append(quoted: name)
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func separate() {
    if needsComma {
      bytes.append(UInt8(ascii: ","))
    }
    needsComma = true
  }

  private mutating func append(quoted text: String) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": bytes.append(contentsOf: "\\\"".utf8)
      case "\\": bytes.append(contentsOf: "\\\\".utf8)
      case "\n": bytes.append(contentsOf: "\\n".utf8)
      case "\t": bytes.append(contentsOf: "\\t".utf8)
      // C0 and C1 controls and DEL steer terminals; U+2028 and U+2029 end lines for some readers; the marks of
      // direction make a line read as another.
      case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{200e}"..."\u{200f}", "\u{2028}"..."\u{202e}",
        "\u{2066}"..."\u{2069}", "\u{feff}":
        bytes.append(contentsOf: "\\u".utf8)
        let digits = String(scalar.value, radix: 16)
        bytes.append(contentsOf: String(repeating: "0", count: 4 - digits.count).utf8)
        bytes.append(contentsOf: digits.utf8)
      default:
        bytes.append(contentsOf: Unicode.UTF8.encode(scalar).map(Array.init) ?? [])
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
