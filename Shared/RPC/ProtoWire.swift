/// Writes the few protobuf fields that google.rpc.Status needs.
struct ProtoEncoder {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ number: Int, _ value: UInt64) {
    append(UInt64(number) << 3)
    append(value)
  }

  mutating func string(_ number: Int, _ value: String) {
    if !value.isEmpty { bytes(number, Array(value.utf8)) }
  }

  mutating func bytes(_ number: Int, _ value: [UInt8]) {
    append(UInt64(number) << 3 | 2)
    append(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  private mutating func append(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// Reads varint and length-delimited protobuf fields.
struct ProtoDecoder {
  struct Field {
    let number: Int
    let varint: UInt64
    let bytes: [UInt8]
    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  private var rest: ArraySlice<UInt8>

  /// All fields in order, or nil when the bytes are no protobuf message of these two wire types.
  static func fields(of bytes: [UInt8]) -> [Field]? {
    var decoder = ProtoDecoder(rest: bytes[...])
    var fields: [Field] = []
    while !decoder.rest.isEmpty {
      guard let key = decoder.varint(), let field = decoder.field(key) else { return nil }
      fields.append(field)
    }
    return fields
  }

  private mutating func field(_ key: UInt64) -> Field? {
    guard let value = varint() else { return nil }
    switch key & 7 {
    case 0: return Field(number: Int(key >> 3), varint: value, bytes: [])
    case 2:
      guard value <= rest.count else { return nil }
      defer { rest.removeFirst(Int(value)) }
      return Field(number: Int(key >> 3), varint: 0, bytes: Array(rest.prefix(Int(value))))
    default: return nil
    }
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    return nil
  }
}
