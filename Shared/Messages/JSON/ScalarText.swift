/// Numbers of the wire, and their decimal text.
enum ScalarText {
  /// The text of an integer or boolean.
  ///
  /// - Parameter bits: what a varint, or a fixed number's bytes, hold.
  static func text(of type: FieldType, bits: UInt64) -> String {
    switch type {
    case .bool: bits != 0 ? "true" : "false"
    case .uint64, .fixed64: "\(bits)"
    case .uint32, .fixed32: "\(UInt32(truncatingIfNeeded: bits))"
    default: "\(signed(of: type, bits: bits))"
    }
  }

  /// A signed integer; zigzag is undone.
  static func signed(of type: FieldType, bits: UInt64) -> Int64 {
    switch type {
    case .sint64: return Int64(bitPattern: bits >> 1) ^ -Int64(bits & 1)
    case .sint32:
      let bits = UInt32(truncatingIfNeeded: bits)
      return Int64(Int32(bitPattern: bits >> 1) ^ -Int32(bits & 1))
    case .int32, .sfixed32, .enumeration: return Int64(Int32(truncatingIfNeeded: bits))
    default: return Int64(bitPattern: bits)
    }
  }

  /// What a varint, or a fixed number's bytes, hold for a value; nil if it is beyond the type's range.
  ///
  /// - Parameter value: between -2^63 and 2^64 - 1.
  static func bits(of type: FieldType, _ value: Int128) -> UInt64? {
    switch type {
    case .uint64, .fixed64: return UInt64(exactly: value)
    case .uint32, .fixed32: return UInt32(exactly: value).map { UInt64($0) }
    case .int64, .sfixed64: return Int64(exactly: value).map { UInt64(bitPattern: $0) }
    case .sint64: return Int64(exactly: value).map { UInt64(bitPattern: $0 << 1 ^ $0 >> 63) }
    case .sint32: return Int32(exactly: value).map { UInt64(UInt32(bitPattern: $0 << 1 ^ $0 >> 31)) }
    case .sfixed32: return Int32(exactly: value).map { UInt64(UInt32(bitPattern: $0)) }
    // A negative varint takes all 64 bits.
    default: return Int32(exactly: value).map { UInt64(bitPattern: Int64($0)) }
    }
  }
}
