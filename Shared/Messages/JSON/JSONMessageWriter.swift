/// Writes messages of the wire format as JSON.
struct JSONMessageWriter {
  private(set) var output: [UInt8] = []
  private let options: JSONCodec.Options
  private let types: (String) -> MessageDescriptor?

  init(options: JSONCodec.Options, types: @escaping (String) -> MessageDescriptor?) {
    self.options = options
    self.types = types
  }

  mutating func write(
    _ wire: ArraySlice<UInt8>, as message: MessageDescriptor, at path: JSONPath, depth: Int
  ) throws {
    guard depth >= 0 else { throw DecodingError(.tooDeep, message: message.name) }
    let tree = try WireTree(wire, of: message)
    if try writeWellKnown(tree, as: message, at: path, depth: depth) { return }
    var separator = Separator()
    add("{")
    try writeFields(of: tree, as: message, at: path, depth: depth, &separator)
    add("}")
  }

  /// A comma before all but the first.
  struct Separator {
    private var isFirst = true

    mutating func next() -> String {
      defer { isFirst = false }
      return isFirst ? "" : ","
    }
  }

  mutating func writeFields(
    of tree: WireTree, as message: MessageDescriptor, at path: JSONPath, depth: Int, _ separator: inout Separator
  ) throws {
    for field in message.fields.sorted(by: { $0.number < $1.number }) {
      let values = tree[field]
      if values.isEmpty, field.hasPresence || !options.includesDefaults { continue }
      if !field.isRepeated, !field.hasPresence, !options.includesDefaults, isDefault(values) { continue }
      let name = options.usesProtoNames ? field.name : field.jsonName
      let path = path.field(name)
      add(separator.next())
      add(text: name)
      add(":")
      if options.hidesPersonal, field.isPersonal {
        add("\"(personal)\"")
      } else if field.isMap {
        try writeMap(values, of: field, in: message, at: path, depth: depth)
      } else if field.isRepeated {
        try writeArray(values, of: field, in: message, at: path, depth: depth)
      } else {
        try write(values.first, of: field, in: message, at: path, depth: depth)
      }
    }
  }

  /// proto3: a field without presence that was sent with its default is as if it had not been.
  private func isDefault(_ values: [WireTree.Value]) -> Bool {
    switch values.first {
    case nil: true
    case .number(let bits): bits == 0
    case .bytes(let bytes): bytes.isEmpty
    }
  }

  mutating func writeArray(
    _ values: [WireTree.Value], of field: FieldDescriptor, in message: MessageDescriptor, at path: JSONPath, depth: Int
  ) throws {
    var separator = Separator()
    add("[")
    for (index, value) in values.enumerated() {
      add(separator.next())
      try write(value, of: field, in: message, at: path.element(index), depth: depth)
    }
    add("]")
  }

  private mutating func writeMap(
    _ values: [WireTree.Value], of field: FieldDescriptor, in message: MessageDescriptor, at path: JSONPath, depth: Int
  ) throws {
    guard let entry = message.message(of: field), let keyField = entry.field(number: 1),
      let valueField = entry.field(number: 2)
    else { return }
    var entries: [String: WireTree] = [:]
    for case .bytes(let bytes) in values {
      let tree = try WireTree(bytes, of: entry)
      entries[try key(tree[keyField].first, of: keyField, in: entry, at: path)] = tree
    }
    var separator = Separator()
    add("{")
    for (key, tree) in entries.sorted(by: { String.precedes($0.key, $1.key) }) {
      add(separator.next())
      add(text: key)
      add(":")
      try write(tree[valueField].first, of: valueField, in: entry, at: path.key(key), depth: depth - 1)
    }
    add("}")
  }

  private func key(
    _ value: WireTree.Value?, of field: FieldDescriptor, in entry: MessageDescriptor, at path: JSONPath
  ) throws -> String {
    switch value {
    case .bytes(let bytes): try text(bytes, of: field, in: entry)
    case .number(let bits): ScalarText.text(of: field.type, bits: bits)
    case nil: field.type == .string ? "" : ScalarText.text(of: field.type, bits: 0)
    }
  }

  /// One value; the type's default where there is none.
  mutating func write(
    _ value: WireTree.Value?, of field: FieldDescriptor, in message: MessageDescriptor, at path: JSONPath, depth: Int
  ) throws {
    var bits: UInt64 = 0
    var bytes: ArraySlice<UInt8> = []
    switch value {
    case .number(let number): bits = number
    case .bytes(let slice): bytes = slice
    case nil: break
    }
    switch field.type {
    case .double: add(double: Double(bitPattern: bits))
    case .float: add(float: Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .int64, .uint64, .sint64, .fixed64, .sfixed64: add("\"\(ScalarText.text(of: field.type, bits: bits))\"")
    case .int32, .uint32, .sint32, .fixed32, .sfixed32, .bool: add(ScalarText.text(of: field.type, bits: bits))
    case .enumeration: add(enumeration: field.enumeration, Int32(truncatingIfNeeded: bits))
    case .string: add(text: try text(bytes, of: field, in: message))
    case .bytes:
      add("\"")
      output += Base64.encoded(bytes)
      add("\"")
    case .message:
      guard let submessage = message.message(of: field) else { return }
      try write(bytes, as: submessage, at: path, depth: depth - 1)
    case .group: throw JSONError(path, "Groups have no JSON form.")
    }
  }

  func text(_ bytes: ArraySlice<UInt8>, of field: FieldDescriptor, in message: MessageDescriptor) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DecodingError(.invalidUTF8, message: message.name, field: field.number)
    }
    return text
  }

  /// The message of this name, from what the caller knows.
  func type(named name: String) -> MessageDescriptor? { types(name) }

  // MARK: Tokens

  mutating func add(_ token: String) { output += token.utf8 }

  private mutating func add(enumeration: EnumDescriptor?, _ number: Int32) {
    if enumeration?.name == "google.protobuf.NullValue" { return add("null") }
    if let name = enumeration?.name(of: number) { add(text: name) } else { add("\(number)") }
  }

  mutating func add(double value: Double) {
    if value.isNaN { return add("\"NaN\"") }
    if value.isInfinite { return add(value < 0 ? "\"-Infinity\"" : "\"Infinity\"") }
    add("\(value)")
  }

  private mutating func add(float value: Float) {
    value.isFinite ? add("\(value)") : add(double: Double(value))
  }

  mutating func add(text: String) {
    add("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): add("\\\"")
      case UInt8(ascii: "\\"): add("\\\\")
      case 0x0A: add("\\n")
      case 0x0D: add("\\r")
      case 0x09: add("\\t")
      case 0..<0x20, 0x7F: add("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
      // So that the JSON is safe within HTML.
      case UInt8(ascii: "<"): add("\\u003c")
      case UInt8(ascii: ">"): add("\\u003e")
      default: output.append(byte)
      }
    }
    add("\"")
  }
}
