/// The checksum of RFC 3720 §12.1 (polynomial 0x1EDC6F41, Castagnoli), which finds damage, not forgery.
enum CRC32C {
  /// The checksum of bytes.
  ///
  /// - Complexity: O(n), eight bytes at a step.
  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum: UInt32 = ~0
    var position = 0
    while position + 8 <= bytes.count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)) ^ UInt64(sum)
      sum = 0
      for step in 0..<8 {
        let byte = Int(truncatingIfNeeded: word >> (8 * UInt64(step))) & 0xFF
        sum ^= tables[(7 - step) << 8 | byte]
      }
      position += 8
    }
    while position < bytes.count {
      sum = sum >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: sum) ^ bytes[position])]
      position += 1
    }
    return ~sum
  }

  /// Table 0 is the checksum of one byte; table n that of a byte with n zeros behind it.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 << 8)
    for byte in 0..<256 {
      var sum = UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
      tables[byte] = sum
    }
    for table in 1..<8 {
      for byte in 0..<256 {
        let before = tables[(table - 1) << 8 | byte]
        tables[table << 8 | byte] = before >> 8 ^ tables[Int(before & 0xFF)]
      }
    }
    return tables
  }()
}
