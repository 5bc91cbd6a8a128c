/// Quoted-printable (RFC 2045 §6.7): text as lines of at most 76 ASCII characters.
package enum QuotedPrintable {
  private static let longestLine = 76
  private static let digits = Array("0123456789ABCDEF".utf8)

  /// The text's bytes; every line, the last too, ends in CR LF. LF, CR and CR LF each end a line of the text.
  package static func encode(_ text: String) -> [UInt8] {
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.utf8.count * 5 / 4)
    for line in lines(of: Array(text.utf8)) {
      append(line, to: &encoded)
      encoded += "\r\n".utf8
    }
    return encoded
  }

  private static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    var place = 0
    while place < bytes.count {
      let byte = bytes[place]
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        lines.append(bytes[start..<place])
        if byte == UInt8(ascii: "\r"), place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "\n") { place += 1 }
        start = place + 1
      }
      place += 1
    }
    if start < bytes.count { lines.append(bytes[start...]) }
    return lines
  }

  private static func append(_ line: ArraySlice<UInt8>, to encoded: inout [UInt8]) {
    var count = 0
    for (place, byte) in zip(line.indices, line) {
      let isLast = place == line.endIndex - 1
      let piece = piece(byte, isLast: isLast)
      // Room for the "=" of a soft break, unless nothing follows.
      if count + piece.count > (isLast ? longestLine : longestLine - 1) {
        encoded += "=\r\n".utf8
        count = 0
      }
      encoded += piece
      count += piece.count
    }
  }

  private static func piece(_ byte: UInt8, isLast: Bool) -> [UInt8] {
    switch byte {
    case UInt8(ascii: "="): break
    // White space at the end of a line gets lost on the way.
    case UInt8(ascii: " "), UInt8(ascii: "\t"): if !isLast { return [byte] }
    case 0x21...0x7e: return [byte]
    default: break
    }
    return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}
