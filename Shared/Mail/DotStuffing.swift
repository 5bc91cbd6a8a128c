/// Makes a message fit to be sent by DATA (RFC 5321 §4.5.2): a dot that begins a line is doubled, and the last line ends.
enum DotStuffing {
  /// - Parameter message: lines that end in CR LF.
  static func stuff(_ message: [UInt8]) -> [UInt8] {
    // Nearly all are as they shall be.
    if message.last == UInt8(ascii: "\n"), !hasLineWithDot(message) { return message }
    var stuffed: [UInt8] = []
    stuffed.reserveCapacity(message.count + 16)
    var start = 0
    while start < message.count {
      if message[start] == UInt8(ascii: ".") { stuffed.append(UInt8(ascii: ".")) }
      let end = message[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? message.count
      stuffed += message[start..<end]
      start = end
    }
    if let last = message.last, last != UInt8(ascii: "\n") { stuffed += "\r\n".utf8 }
    return stuffed
  }

  private static func hasLineWithDot(_ message: [UInt8]) -> Bool {
    var previous = UInt8(ascii: "\n")
    for byte in message {
      if byte == UInt8(ascii: "."), previous == UInt8(ascii: "\n") { return true }
      previous = byte
    }
    return false
  }
}
