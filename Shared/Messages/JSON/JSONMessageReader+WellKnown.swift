/// The messages of google.protobuf that have a JSON form of their own.
extension JSONMessageReader {
  func wellKnown(
    _ kind: WellKnownMessage, _ value: JSONValue, as message: MessageDescriptor, at path: JSONPath
  ) throws(JSONError) -> [UInt8] {
    switch kind {
    case .timestamp: return try timestamp(value, as: message, at: path)
    case .duration: return try duration(value, as: message, at: path)
    case .fieldMask: return try fieldMask(value, as: message, at: path)
    case .wrapper: return try fields([JSONMember(key: "value", value: value)], of: message, at: path)
    case .structure:
      guard case .object = value else { throw JSONError(path, "An object is expected.") }
      return try fields([JSONMember(key: "fields", value: value)], of: message, at: path)
    case .listValue:
      guard case .array = value else { throw JSONError(path, "An array is expected.") }
      return try fields([JSONMember(key: "values", value: value)], of: message, at: path)
    case .value: return try fields([JSONMember(key: Self.valueField(value), value: value)], of: message, at: path)
    case .any: return try any(value, as: message, at: path)
    }
  }

  /// The field of google.protobuf.Value that holds a JSON value.
  private static func valueField(_ value: JSONValue) -> String {
    switch value {
    case .null: "nullValue"
    case .bool: "boolValue"
    case .number: "numberValue"
    case .string: "stringValue"
    case .array: "listValue"
    case .object: "structValue"
    }
  }

  private func secondsAndNanos(
    _ time: (seconds: Int64, nanos: Int64), _ message: MessageDescriptor, at path: JSONPath
  ) throws(JSONError) -> [UInt8] {
    try fields(
      [
        JSONMember(key: "seconds", value: .number("\(time.seconds)")),
        JSONMember(key: "nanos", value: .number("\(time.nanos)")),
      ], of: message, at: path)
  }

  private func timestamp(
    _ value: JSONValue, as message: MessageDescriptor, at path: JSONPath
  ) throws(JSONError) -> [UInt8] {
    guard case .string(let text) = value, let time = TimestampText.parse(text) else {
      throw JSONError(path, "A time such as 2026-03-01T08:30:00Z is expected, in the years 1 to 9999.")
    }
    return try secondsAndNanos(time, message, at: path)
  }

  private func duration(
    _ value: JSONValue, as message: MessageDescriptor, at path: JSONPath
  ) throws(JSONError) -> [UInt8] {
    guard case .string(let text) = value, let time = DurationText.parse(text) else {
      throw JSONError(path, "A duration such as 1.5s is expected, of at most 10,000 years.")
    }
    return try secondsAndNanos(time, message, at: path)
  }

  private func fieldMask(
    _ value: JSONValue, as message: MessageDescriptor, at path: JSONPath
  ) throws(JSONError) -> [UInt8] {
    guard case .string(let text) = value else { throw JSONError(path, "A string of paths is expected.") }
    var paths: [JSONValue] = []
    for camel in text.split(separator: ",") {
      guard let snake = FieldMaskText.snake(String(camel)) else {
        throw JSONError(path, "A path of a FieldMask is written in lowerCamelCase.")
      }
      paths.append(.string(snake))
    }
    return try fields([JSONMember(key: "paths", value: .array(paths))], of: message, at: path)
  }

  private func any(_ value: JSONValue, as message: MessageDescriptor, at path: JSONPath) throws(JSONError) -> [UInt8] {
    guard case .object(let members) = value else { throw JSONError(path, "An object with @type is expected.") }
    if members.isEmpty { return [] }
    guard case .string(let url)? = members.first(where: { $0.key == "@type" })?.value,
      let name = WellKnownMessage.typeName(ofURL: url)
    else {
      throw JSONError(path, "@type must say which message the Any holds, as type.googleapis.com/<name>.")
    }
    guard let type = type(named: name) else { throw JSONError(path.field("@type"), "The message is not known.") }
    let content = members.filter { $0.key != "@type" }
    let encoded: [UInt8]
    if WellKnownMessage(type) != nil {
      guard content.count == 1, content[0].key == "value" else {
        throw JSONError(path, "Beside @type there must be value, and nothing else.")
      }
      encoded = try self.message(content[0].value, as: type, at: path.field("value"))
    } else {
      encoded = try fields(content, of: type, at: path)
    }
    var writer = WireWriter()
    guard let urlField = message.field(number: 1), let valueField = message.field(number: 2) else { return [] }
    writer.write(.bytes(Array(url.utf8)[...]), of: urlField)
    if !encoded.isEmpty { writer.write(.bytes(encoded[...]), of: valueField) }
    return writer.bytes
  }
}
