/// A message's fields by its descriptor, read from the wire format without a struct.
struct WireTree {
  /// A value as it stood on the wire.
  enum Value {
    /// A varint, or the bytes of a fixed number.
    case number(UInt64)
    /// A text, bytes, or an encoded message.
    case bytes(ArraySlice<UInt8>)
  }

  private var values: [Int: [Value]] = [:]

  /// Reads the fields that the descriptor knows: the last one of a singular field or oneof counts, submessages that come
  /// more than once are merged.
  ///
  /// - Throws: ``DecodingError``.
  init(_ bytes: ArraySlice<UInt8>, of message: MessageDescriptor) throws {
    try bytes.withUnsafeBytes { memory in
      var cursor = WireCursor(memory)
      let start = cursor.position
      do throws(DecodingError.Reason) {
        while !cursor.isAtEnd {
          let tag = try cursor.tag()
          let valueStart = cursor
          try cursor.skipValue(of: tag, depth: DecodingLimits.standard.depth)
          guard let field = message.field(number: Int(tag.number)) else { continue }
          try add(valueStart, of: field, tag, in: message) { range in
            let lower = bytes.startIndex + (range.position - start)
            return bytes[lower..<lower + range.remaining]
          }
        }
      } catch {
        throw DecodingError(error, message: message.name)
      }
    }
  }

  /// The values of a field; at most one of a singular one.
  subscript(_ field: FieldDescriptor) -> [Value] { values[field.number] ?? [] }

  private mutating func add(
    _ start: WireCursor, of field: FieldDescriptor, _ tag: WireCursor.Tag, in message: MessageDescriptor,
    slice: (WireCursor) -> ArraySlice<UInt8>
  ) throws(DecodingError.Reason) {
    var cursor = start
    if tag.wireType == 2, field.type.wireType != 2, field.isRepeated {
      let length = try cursor.length()
      cursor = WireCursor(cursor.position, cursor.position + length)
      while !cursor.isAtEnd { try append(try Self.value(field.type.wireType, &cursor, slice), to: field) }
      return
    }
    guard tag.wireType == field.type.wireType else { return }
    let value = try Self.value(tag.wireType, &cursor, slice)
    guard !field.isRepeated else { return try append(value, to: field) }
    clearOneof(of: field, in: message)
    if field.type == .message, case .bytes(let second) = value, case .bytes(let first)? = values[field.number]?.first {
      values[field.number] = [.bytes(first + second)]
    } else {
      values[field.number] = [value]
    }
  }

  private mutating func append(_ value: Value, to field: FieldDescriptor) throws(DecodingError.Reason) {
    values[field.number, default: []].append(value)
  }

  private mutating func clearOneof(of field: FieldDescriptor, in message: MessageDescriptor) {
    guard let oneof = field.oneof else { return }
    for other in message.fields where other.oneof == oneof && other.number != field.number {
      values[other.number] = nil
    }
  }

  private static func value(
    _ wireType: UInt8, _ cursor: inout WireCursor, _ slice: (WireCursor) -> ArraySlice<UInt8>
  ) throws(DecodingError.Reason) -> Value {
    switch wireType {
    case 0: return .number(try cursor.varint())
    case 1:
      let value = cursor
      try cursor.skip(8)
      return .number(value.fixed64())
    case 5:
      let value = cursor
      try cursor.skip(4)
      return .number(UInt64(value.fixed32()))
    default:
      let length = try cursor.length()
      let value = WireCursor(cursor.position, cursor.position + length)
      try cursor.skip(length)
      return .bytes(slice(value))
    }
  }
}
