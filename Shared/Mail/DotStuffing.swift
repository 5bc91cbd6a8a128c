/// Makes a message fit to be sent by DATA (RFC 5321 §4.5.2): a dot that begins a line is doubled, and the last line ends.
enum DotStuffing {
  /// - Parameter message: lines that end in CR LF.
  static func stuff(_ message: [UInt8]) -> [UInt8] {
    var stuffed: [UInt8] = []
    stuffed.reserveCapacity(message.count + 16)
    var beginsLine = true
    for byte in message {
      if beginsLine, byte == UInt8(ascii: ".") { stuffed.append(byte) }
      stuffed.append(byte)
      beginsLine = byte == UInt8(ascii: "\n")
    }
    if !beginsLine { stuffed += "\r\n".utf8 }
    return stuffed
  }
}
