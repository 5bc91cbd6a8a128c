/// Standard base64 as `-bin` metadata uses it: sent without padding, taken with or without (RFC 4648 §4).
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(alphabet[Int(bits >> UInt32(count)) & 0x3f])
      }
    }
    if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count)) & 0x3f]) }
    return text
  }

  /// The bytes, or nil for any character outside the alphabet, a length of 4n + 1 or wrong padding.
  static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    let digits = text.prefix { $0 != UInt8(ascii: "=") }
    let padding = text.dropFirst(digits.count)
    guard digits.count % 4 != 1, padding.allSatisfy({ $0 == UInt8(ascii: "=") }) else { return nil }
    guard padding.isEmpty || (padding.count < 3 && (digits.count + padding.count) % 4 == 0) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count * 3 / 4)
    var bits: UInt32 = 0
    var count = 0
    for character in digits {
      let value = values[Int(character)]
      guard value != 0xff else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}
