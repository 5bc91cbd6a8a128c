/// Quoted-printable (RFC 2045 §6.7): text as lines of at most 76 ASCII characters.
package enum QuotedPrintable {
  private static let longestLine = 76
  private static let digits = Array("0123456789ABCDEF".utf8)

  /// The text's bytes; every line, the last too, ends in CR LF. LF, CR and CR LF each end a line of the text.
  package static func encode(_ text: String) -> [UInt8] {
    var encoded: [UInt8] = []
    append(text, to: &encoded)
    return encoded
  }

  /// Appends a text's bytes.
  static func append(_ text: String, to encoded: inout [UInt8]) {
    let bytes = Array(text.utf8)
    encoded.reserveCapacity(encoded.count + bytes.count * 5 / 4)
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ?? bytes.count
      append(bytes[start..<end], to: &encoded)
      encoded += "\r\n".utf8
      let isPair = end + 1 < bytes.count && bytes[end] == UInt8(ascii: "\r") && bytes[end + 1] == UInt8(ascii: "\n")
      start = end + (isPair ? 2 : 1)
    }
  }

  private static func append(_ line: ArraySlice<UInt8>, to encoded: inout [UInt8]) {
    var count = 0
    var place = line.startIndex
    let last = line.endIndex - 1
    while place < line.endIndex {
      let plain = plainRun(line[place...].prefix(min(longestLine - 1 - count, last - place)))
      encoded += plain
      count += plain.count
      place = plain.endIndex
      if place < line.endIndex {
        append(line[place], isLast: place == last, to: &encoded, &count)
        place += 1
      }
    }
  }

  /// What stands as it is, anywhere but at the end of a line.
  private static func plainRun(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    bytes.prefix { isAsItIs($0, isLast: false) }
  }

  /// - Parameter count: the characters of the line so far.
  private static func append(_ byte: UInt8, isLast: Bool, to encoded: inout [UInt8], _ count: inout Int) {
    let isAsItIs = isAsItIs(byte, isLast: isLast)
    let width = isAsItIs ? 1 : 3
    // Room for the "=" of a soft break, unless nothing follows.
    if count + width > (isLast ? longestLine : longestLine - 1) {
      encoded += "=\r\n".utf8
      count = 0
    }
    if isAsItIs {
      encoded.append(byte)
    } else {
      encoded.append(UInt8(ascii: "="))
      encoded.append(digits[Int(byte >> 4)])
      encoded.append(digits[Int(byte & 15)])
    }
    count += width
  }

  private static func isAsItIs(_ byte: UInt8, isLast: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "="): false
    // White space at the end of a line gets lost on the way.
    case UInt8(ascii: " "), UInt8(ascii: "\t"): !isLast
    case 0x21...0x7e: true
    default: false
    }
  }
}
