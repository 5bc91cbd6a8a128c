/// Reads messages of the wire format out of JSON.
struct JSONMessageReader {
  private let types: (String) -> MessageDescriptor?

  init(types: @escaping (String) -> MessageDescriptor?) { self.types = types }

  /// A message, encoded.
  func message(_ value: JSONValue, as message: MessageDescriptor, at path: JSONPath) throws(JSONError) -> [UInt8] {
    if let kind = WellKnownMessage(message) {
      return try wellKnown(kind, value, as: message, at: path)
    }
    guard case .object(let members) = value else { throw JSONError(path, "An object of \(message.name) is expected.") }
    return try fields(members, of: message, at: path)
  }

  /// The members of an object, encoded by field number.
  func fields(
    _ members: [JSONMember], of message: MessageDescriptor, at path: JSONPath
  ) throws(JSONError) -> [UInt8] {
    var encoded: [(number: Int, bytes: [UInt8])] = []
    var oneofs: [Int: String] = [:]
    for member in members {
      guard let field = message.field(named: member.key) else {
        throw JSONError(path, "\(message.name) has no field \(member.key).")
      }
      let path = path.field(member.key)
      guard !encoded.contains(where: { $0.number == field.number }) else {
        throw JSONError(path, "The field is given twice, by both of its names.")
      }
      if case .null = member.value, !acceptsNull(field, in: message) { continue }
      if let oneof = field.oneof, let other = oneofs.updateValue(member.key, forKey: oneof) {
        throw JSONError(path, "It cannot be set together with \(other).")
      }
      var writer = WireWriter()
      try write(member.value, of: field, in: message, at: path, to: &writer)
      encoded.append((field.number, writer.bytes))
    }
    return encoded.sorted { $0.number < $1.number }.flatMap(\.bytes)
  }

  /// null means "not set", but for the types that have a null of their own.
  private func acceptsNull(_ field: FieldDescriptor, in message: MessageDescriptor) -> Bool {
    guard !field.isRepeated else { return false }
    return field.enumeration?.name == "google.protobuf.NullValue"
      || message.message(of: field)?.name == "google.protobuf.Value"
  }

  private func write(
    _ value: JSONValue, of field: FieldDescriptor, in message: MessageDescriptor, at path: JSONPath,
    to writer: inout WireWriter
  ) throws(JSONError) {
    if field.isMap {
      try writeMap(value, of: field, in: message, at: path, to: &writer)
    } else if field.isRepeated {
      guard case .array(let elements) = value else { throw JSONError(path, "An array is expected.") }
      try writeArray(elements, of: field, in: message, at: path, to: &writer)
    } else {
      let wire = try wireValue(value, of: field, in: message, at: path)
      if field.hasPresence || !wire.isDefault { writer.write(wire, of: field) }
    }
  }

  func writeArray(
    _ elements: [JSONValue], of field: FieldDescriptor, in message: MessageDescriptor, at path: JSONPath,
    to writer: inout WireWriter
  ) throws(JSONError) {
    var values: [WireTree.Value] = []
    for (index, element) in elements.enumerated() {
      values.append(try wireValue(element, of: field, in: message, at: path.element(index)))
    }
    if field.isPacked, !values.isEmpty {
      writer.writePacked(values, of: field)
    } else {
      for value in values { writer.write(value, of: field) }
    }
  }

  private func writeMap(
    _ value: JSONValue, of field: FieldDescriptor, in message: MessageDescriptor, at path: JSONPath,
    to writer: inout WireWriter
  ) throws(JSONError) {
    guard case .object(let members) = value else { throw JSONError(path, "An object of keys and values is expected.") }
    guard let entry = message.message(of: field), let keyField = entry.field(number: 1),
      let valueField = entry.field(number: 2)
    else { return }
    var entries: [(key: MapKeyOrder, bytes: [UInt8])] = []
    for member in members {
      let path = path.key(member.key)
      let key = try mapKey(member.key, of: keyField, in: entry, at: path)
      let value = try wireValue(member.value, of: valueField, in: entry, at: path)
      var entryWriter = WireWriter()
      entryWriter.write(key, of: keyField)
      entryWriter.write(value, of: valueField)
      let order = MapKeyOrder(key, of: keyField.type)
      guard !entries.contains(where: { $0.key == order }) else { throw JSONError(path, "The key is given twice.") }
      entries.append((order, entryWriter.bytes))
    }
    for entry in entries.sorted(by: { $0.key < $1.key }) { writer.write(.bytes(entry.bytes[...]), of: field) }
  }

  private func mapKey(
    _ key: String, of field: FieldDescriptor, in entry: MessageDescriptor, at path: JSONPath
  ) throws(JSONError) -> WireTree.Value {
    switch (field.type, key) {
    case (.bool, "true"): return .number(1)
    case (.bool, "false"): return .number(0)
    case (.bool, _): throw JSONError(path, "The key must be true or false.")
    default: return try wireValue(.string(key), of: field, in: entry, at: path)
    }
  }

  /// One value of a field, as it stands on the wire.
  private func wireValue(
    _ value: JSONValue, of field: FieldDescriptor, in message: MessageDescriptor, at path: JSONPath
  ) throws(JSONError) -> WireTree.Value {
    switch field.type {
    case .message:
      guard let submessage = message.message(of: field) else { return .bytes([]) }
      return .bytes(try self.message(value, as: submessage, at: path)[...])
    case .enumeration: return .number(try enumeration(value, field.enumeration, at: path))
    case .string:
      guard case .string(let text) = value else { throw JSONError(path, "A string is expected.") }
      return .bytes(Array(text.utf8)[...])
    case .bytes:
      guard case .string(let text) = value, let bytes = Base64.decoded(text.utf8) else {
        throw JSONError(path, "A string of Base64 is expected.")
      }
      return .bytes(bytes[...])
    case .bool:
      guard case .bool(let bool) = value else { throw JSONError(path, "true or false is expected.") }
      return .number(bool ? 1 : 0)
    case .double: return .number(try JSONNumber.double(value, at: path).bitPattern)
    case .float: return .number(UInt64(try JSONNumber.float(value, at: path).bitPattern))
    case .group: throw JSONError(path, "Groups have no JSON form.")
    default:
      let integer = try JSONNumber.integer(value, at: path)
      guard let bits = ScalarText.bits(of: field.type, integer) else {
        throw JSONError(path, "The number is beyond the range of its type.")
      }
      return .number(bits)
    }
  }

  private func enumeration(
    _ value: JSONValue, _ descriptor: EnumDescriptor?, at path: JSONPath
  ) throws(JSONError) -> UInt64 {
    switch value {
    case .null where descriptor?.name == "google.protobuf.NullValue": return 0
    case .string(let name):
      guard let number = descriptor?.number(of: name) else {
        throw JSONError(path, "\(descriptor?.name ?? "The enum") has no value of this name.")
      }
      return UInt64(bitPattern: Int64(number))
    case .number:
      guard let bits = ScalarText.bits(of: .enumeration, try JSONNumber.integer(value, at: path)) else {
        throw JSONError(path, "The number is beyond the range of its type.")
      }
      return bits
    default: throw JSONError(path, "The name of a value of \(descriptor?.name ?? "an enum") is expected.")
    }
  }

  /// The message of this name, from what the caller knows.
  func type(named name: String) -> MessageDescriptor? { types(name) }
}

extension WireTree.Value {
  fileprivate var isDefault: Bool {
    switch self {
    case .number(let bits): bits == 0
    case .bytes(let bytes): bytes.isEmpty
    }
  }
}

/// The order of a map's entries on the wire, as ``MapKey`` has it.
private enum MapKeyOrder: Comparable {
  case text(String)
  case number(Int128)

  init(_ key: WireTree.Value, of type: FieldType) {
    switch key {
    case .bytes(let bytes): self = .text(String(decoding: bytes, as: UTF8.self))
    case .number(let bits):
      let isUnsigned = [.uint64, .uint32, .fixed64, .fixed32, .bool].contains(type)
      self = .number(isUnsigned ? Int128(bits) : Int128(ScalarText.signed(of: type, bits: bits)))
    }
  }

  static func < (left: MapKeyOrder, right: MapKeyOrder) -> Bool {
    switch (left, right) {
    case (.text(let left), .text(let right)): String.precedes(left, right)
    case (.number(let left), .number(let right)): left < right
    case (.number, .text): true
    case (.text, .number): false
    }
  }
}
