/// Writes fields in the wire format.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  /// One value with its tag.
  mutating func write(_ value: WireTree.Value, of field: FieldDescriptor) {
    bytes.appendVarint(UInt64(field.number) << 3 | UInt64(field.type.wireType))
    append(value, of: field.type)
  }

  /// Several numbers behind one tag.
  mutating func writePacked(_ values: [WireTree.Value], of field: FieldDescriptor) {
    var packed = WireWriter()
    for value in values { packed.append(value, of: field.type) }
    bytes.appendVarint(UInt64(field.number) << 3 | 2)
    append(.bytes(packed.bytes[...]), of: .bytes)
  }

  private mutating func append(_ value: WireTree.Value, of type: FieldType) {
    switch value {
    case .bytes(let content):
      bytes.appendVarint(UInt64(content.count))
      bytes += content
    case .number(let bits):
      switch type.wireType {
      case 1: withUnsafeBytes(of: bits.littleEndian) { bytes += $0 }
      case 5: withUnsafeBytes(of: UInt32(truncatingIfNeeded: bits).littleEndian) { bytes += $0 }
      default: bytes.appendVarint(bits)
      }
    }
  }
}
