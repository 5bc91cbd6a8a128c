/// A stretch of a template: text, or what stands between braces.
enum Segment {
  case text([UInt8])
  /// `{{ … }}`: what is between the braces.
  case output(Range<Int>)
  /// `{% … %}`: what is between the signs.
  case tag(Range<Int>)
}

/// Cuts a template into segments.
struct Segmenter {
  private let source: TemplateSource
  private var position = 0
  private var trimsNext = false
  private var segments: [Segment] = []

  init(_ source: TemplateSource) {
    self.source = source
  }

  private var bytes: [UInt8] { source.bytes }

  mutating func cut() throws(TemplateError) -> [Segment] {
    while let start = nextOpening() {
      let isOutput = bytes[start + 1] == UInt8(ascii: "{")
      let end = try closing(from: start + 2, of: start, isOutput: isOutput)
      var inner = (start + 2)..<end
      let trimsBefore = inner.first.map { bytes[$0] == UInt8(ascii: "-") } ?? false
      addText(position..<start, trimsEnd: trimsBefore)
      if trimsBefore { inner = (inner.lowerBound + 1)..<inner.upperBound }
      trimsNext = inner.last.map { bytes[$0] == UInt8(ascii: "-") } ?? false
      if trimsNext { inner = inner.lowerBound..<(inner.upperBound - 1) }
      segments.append(isOutput ? .output(inner) : .tag(inner))
      position = end + 2
    }
    addText(position..<bytes.count, trimsEnd: false)
    return segments
  }

  private func nextOpening() -> Int? {
    var place = position
    while place + 1 < bytes.count {
      if bytes[place] == UInt8(ascii: "{"),
        bytes[place + 1] == UInt8(ascii: "{") || bytes[place + 1] == UInt8(ascii: "%")
      {
        return place
      }
      place += 1
    }
    return nil
  }

  /// Where the braces close again; those within a quoted text do not count.
  private func closing(from first: Int, of start: Int, isOutput: Bool) throws(TemplateError) -> Int {
    let (one, two) = isOutput ? (UInt8(ascii: "}"), UInt8(ascii: "}")) : (UInt8(ascii: "%"), UInt8(ascii: "}"))
    var quote: UInt8?
    var place = first
    while place < bytes.count {
      let byte = bytes[place]
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == one, place + 1 < bytes.count, bytes[place + 1] == two {
        return place
      }
      place += 1
    }
    throw source.error(
      at: start, isOutput ? "`{{` is not closed. Close it with `}}`." : "`{%` is not closed. Close it with `%}`.")
  }

  private mutating func addText(_ range: Range<Int>, trimsEnd: Bool) {
    var text = bytes[range]
    if trimsNext { text = text.drop(while: Self.isSpace) }
    if trimsEnd { while let last = text.last, Self.isSpace(last) { text.removeLast() } }
    trimsNext = false
    if !text.isEmpty { segments.append(.text(Array(text))) }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || (9...13).contains(byte)
  }
}
