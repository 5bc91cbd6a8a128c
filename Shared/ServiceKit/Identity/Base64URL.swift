/// The URL-safe alphabet of RFC 4648 §5, without padding.
///
/// Strict: each sequence of bytes has exactly one text, so that a text can stand for what it encodes.
package enum Base64URL {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  private static let values: [UInt8?] = {
    var values = [UInt8?](repeating: nil, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  /// The text of some bytes.
  package static func encode(_ bytes: [UInt8]) -> String {
    let alphabet = alphabet
    return String(unsafeUninitializedCapacity: (bytes.count * 4 + 2) / 3) { text in
      var written = 0
      var buffer: UInt32 = 0
      var count = 0
      func write(_ value: UInt32) {
        text[written] = alphabet[Int(value & 0x3f)]
        written += 1
      }
      for byte in bytes {
        buffer = buffer << 8 | UInt32(byte)
        count += 8
        while count >= 6 {
          count -= 6
          write(buffer >> UInt32(count))
        }
      }
      if count > 0 { write(buffer << UInt32(6 - count)) }
      return written
    }
  }

  /// The bytes of a text; nil when it holds anything else, padding included, or bits beyond its last byte.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var buffer: UInt32 = 0
    var count = 0
    for character in text {
      guard let value = values[Int(character)] else { return nil }
      buffer = buffer << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(count)))
      }
    }
    // A rest of six bits is half a byte at most; four or two bits must be the zeros that the encoder put there.
    guard count < 6, buffer & (1 << UInt32(count) - 1) == 0 else { return nil }
    return bytes
  }
}
