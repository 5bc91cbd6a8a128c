/// Bytes as they are written in tests: hexadecimal digits, spaces where they help.
func bytes(_ hexadecimal: String) -> [UInt8] {
  var digits = hexadecimal.filter { !$0.isWhitespace }[...]
  var bytes: [UInt8] = []
  while !digits.isEmpty {
    bytes.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
    digits = digits.dropFirst(2)
  }
  return bytes
}

/// A length-delimited field.
func field(_ number: Int, _ content: [UInt8]) -> [UInt8] { varint(number << 3 | 2) + varint(content.count) + content }

func varint(_ number: Int) -> [UInt8] {
  number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F | 0x80)] + varint(number >> 7)
}
