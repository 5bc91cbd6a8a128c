/// Makes a message fit to be sent by DATA (RFC 5321 §4.5.2): a dot that begins a line is doubled, and the last line ends.
enum DotStuffing {
  /// - Parameter message: lines that end in CR LF.
  static func stuff(_ message: [UInt8]) -> [UInt8] {
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
}
