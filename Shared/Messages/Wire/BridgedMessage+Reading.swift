package import CMessages

/// How the values of a C struct become Swift ones.
extension BridgedMessage {
  /// - Throws: ``DecodingError`` `.invalidUTF8`.
  package static func text(_ data: ProtobufCBinaryData, _ field: Int) throws -> String {
    guard data.len > 0 else { return "" }
    let bytes = UnsafeBufferPointer<UInt8>(start: data.data, count: data.len)
    // A third of what String(validating:as:) takes.
    guard let text = try? UTF8Span(validating: bytes.span) else {
      throw DecodingError(.invalidUTF8, message: cType.name, field: field)
    }
    return String(copying: text)
  }

  package static func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
    [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
  }

  package static func texts(
    _ values: UnsafePointer<ProtobufCBinaryData>?, _ count: Int, _ field: Int
  ) throws -> [String] {
    try UnsafeBufferPointer(start: values, count: count).map { try text($0, field) }
  }

  package static func byteArrays(_ values: UnsafePointer<ProtobufCBinaryData>?, _ count: Int) -> [[UInt8]] {
    UnsafeBufferPointer(start: values, count: count).map(bytes)
  }

  package static func numbers<Number>(_ values: UnsafePointer<Number>?, _ count: Int) -> [Number] {
    [Number](UnsafeBufferPointer(start: values, count: count))
  }

  package static func bools(_ values: UnsafePointer<protobuf_c_boolean>?, _ count: Int) -> [Bool] {
    UnsafeBufferPointer(start: values, count: count).map { $0 != 0 }
  }

  package static func enums<Value: MessageEnum>(_ values: UnsafePointer<Int32>?, _ count: Int) -> [Value] {
    UnsafeBufferPointer(start: values, count: count).map { Value(rawValue: $0) }
  }

  package static func messages<Value: BridgedMessage>(
    _ values: UnsafeMutablePointer<UnsafeMutablePointer<Value.CStruct>?>?, _ count: Int
  ) throws -> [Value] {
    var messages: [Value] = []
    messages.reserveCapacity(count)
    for case let value? in UnsafeBufferPointer(start: values, count: count) {
      messages.append(try Value(reading: value))
    }
    return messages
  }

  /// Puts an entry into a map with text keys; the last of equal keys wins.
  ///
  /// Swift takes canonically equivalent texts for equal ("é" in its two spellings), protobuf does not.
  /// - Throws: ``DecodingError`` `.ambiguousKey` instead of losing one of them.
  package static func insert<Value>(
    _ value: Value, _ key: String, into map: inout [String: Value], _ field: Int
  ) throws {
    let count = map.count
    map[key] = value
    // A dictionary keeps the key that it had.
    if map.count == count, let index = map.index(forKey: key), !map.keys[index].utf8.elementsEqual(key.utf8) {
      throw DecodingError(.ambiguousKey, message: cType.name, field: field)
    }
  }

  /// The fields that protobuf-c found no descriptor for, as they stood on the wire.
  package static func unknownFields(of base: ProtobufCMessage) -> [UInt8] {
    var bytes: [UInt8] = []
    for field in UnsafeBufferPointer(start: base.unknown_fields, count: Int(base.n_unknown_fields)) {
      let data = UnsafeRawBufferPointer(start: field.data, count: field.len)
      if field.tag == WireRewrite.escape {
        var cursor = WireCursor(data)
        guard let length = try? cursor.length() else { continue }
        bytes += UnsafeRawBufferPointer(start: cursor.position, count: length)
      } else {
        bytes.appendVarint(UInt64(field.tag) << 3 | UInt64(field.wire_type.rawValue))
        bytes += data
      }
    }
    return bytes
  }
}
