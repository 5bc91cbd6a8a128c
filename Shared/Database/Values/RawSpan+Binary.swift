/// The bytes are no value of the type that the server said: a server that we do not understand.
struct MalformedValue: Error {}

/// PostgreSQL's binary forms are big-endian throughout.
extension RawSpan {
  /// Reads an integer and moves `offset` behind it.
  func integer<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type = Number.self, at offset: inout Int
  ) throws(MalformedValue) -> Number {
    let size = MemoryLayout<Number>.size
    guard offset >= 0, byteCount - offset >= size else { throw MalformedValue() }
    let number = unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
    offset += size
    return Number(bigEndian: number)
  }

  /// Reads an integer that must be all of the bytes.
  func wholeInteger<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type = Number.self
  ) throws(MalformedValue) -> Number {
    var offset = 0
    let number = try integer(Number.self, at: &offset)
    guard offset == byteCount else { throw MalformedValue() }
    return number
  }

  /// The bytes from `offset` to the end, copied.
  func array(from offset: Int = 0) -> [UInt8] {
    withUnsafeBytes { Array($0[min(offset, $0.count)...]) }
  }

  /// The bytes from `offset` to the end as UTF-8, which the server has checked.
  func text(from offset: Int = 0) -> String {
    withUnsafeBytes { String(decoding: $0[min(offset, $0.count)...], as: UTF8.self) }
  }
}

extension [UInt8] {
  mutating func append(bigEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
  }

  /// Overwrites four bytes, such as a length that is known only after what follows it.
  mutating func overwrite(at offset: Int, bigEndian number: Int32) {
    Swift.withUnsafeBytes(of: number.bigEndian) { bytes in
      for index in 0..<4 { self[offset + index] = bytes[index] }
    }
  }
}
