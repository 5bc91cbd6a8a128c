/// The messages of google.protobuf that have a JSON form of their own.
extension JSONMessageWriter {
  /// - Returns: whether it was such a message, and is written.
  mutating func writeWellKnown(
    _ tree: WireTree, as message: MessageDescriptor, at path: JSONPath, depth: Int
  ) throws -> Bool {
    guard let kind = WellKnownMessage(message) else { return false }
    switch kind {
    case .timestamp:
      guard let text = TimestampText.text(seconds: integer(tree, message, 1), nanos: integer(tree, message, 2)) else {
        throw JSONError(path, "A Timestamp must lie in the years 1 to 9999, with 0 to 999,999,999 nanoseconds.")
      }
      add(text: text)
    case .duration:
      guard let text = DurationText.text(seconds: integer(tree, message, 1), nanos: integer(tree, message, 2)) else {
        throw JSONError(path, "A Duration must lie within 10,000 years, with seconds and nanoseconds of one sign.")
      }
      add(text: text)
    case .fieldMask: try writeFieldMask(tree, message, at: path)
    case .wrapper:
      guard let field = message.field(number: 1) else { return false }
      try write(tree[field].first, of: field, in: message, at: path, depth: depth)
    case .structure: try writeStruct(tree, message, at: path, depth: depth)
    case .value: try writeValue(tree, message, at: path, depth: depth)
    case .listValue:
      guard let field = message.field(number: 1) else { return false }
      try writeArray(tree[field], of: field, in: message, at: path, depth: depth)
    case .any: try writeAny(tree, message, at: path, depth: depth)
    }
    return true
  }

  private func integer(_ tree: WireTree, _ message: MessageDescriptor, _ number: Int) -> Int64 {
    guard let field = message.field(number: number), case .number(let bits)? = tree[field].first else { return 0 }
    return ScalarText.signed(of: field.type, bits: bits)
  }

  private mutating func writeFieldMask(_ tree: WireTree, _ message: MessageDescriptor, at path: JSONPath) throws {
    guard let field = message.field(number: 1) else { return }
    var paths: [String] = []
    for case .bytes(let bytes) in tree[field] {
      guard let camel = FieldMaskText.camel(try text(bytes, of: field, in: message)) else {
        throw JSONError(path, "A path of a FieldMask must be lower_snake_case to have a JSON form.")
      }
      paths.append(camel)
    }
    add(text: paths.joined(separator: ","))
  }

  /// The map of a Struct stands for the Struct itself.
  private mutating func writeStruct(
    _ tree: WireTree, _ message: MessageDescriptor, at path: JSONPath, depth: Int
  ) throws {
    guard let field = message.field(number: 1), let entry = message.message(of: field),
      let key = entry.field(number: 1), let value = entry.field(number: 2)
    else { return }
    var members: [String: WireTree.Value?] = [:]
    for case .bytes(let bytes) in tree[field] {
      let tree = try WireTree(bytes, of: entry)
      var name = ""
      if case .bytes(let bytes)? = tree[key].first { name = try text(bytes, of: key, in: entry) }
      members[name] = .some(tree[value].first)
    }
    var separator = Separator()
    add("{")
    for (name, member) in members.sorted(by: { String.precedes($0.key, $1.key) }) {
      add(separator.next())
      add(text: name)
      add(":")
      try write(member, of: value, in: entry, at: path.key(name), depth: depth - 1)
    }
    add("}")
  }

  private mutating func writeValue(
    _ tree: WireTree, _ message: MessageDescriptor, at path: JSONPath, depth: Int
  ) throws {
    guard let field = message.fields.first(where: { !tree[$0].isEmpty }) else {
      throw JSONError(path, "A google.protobuf.Value must hold something.")
    }
    if field.type == .double, case .number(let bits)? = tree[field].first, !Double(bitPattern: bits).isFinite {
      throw JSONError(path, "A google.protobuf.Value cannot be infinite or no number.")
    }
    try write(tree[field].first, of: field, in: message, at: path, depth: depth)
  }

  private mutating func writeAny(_ tree: WireTree, _ message: MessageDescriptor, at path: JSONPath, depth: Int) throws {
    guard let urlField = message.field(number: 1), let valueField = message.field(number: 2) else { return }
    var url = ""
    var value: ArraySlice<UInt8> = []
    if case .bytes(let bytes)? = tree[urlField].first { url = try text(bytes, of: urlField, in: message) }
    if case .bytes(let bytes)? = tree[valueField].first { value = bytes }
    if url.isEmpty, value.isEmpty { return add("{}") }
    guard let name = WellKnownMessage.typeName(ofURL: url), let type = type(named: name) else {
      throw JSONError(path, "The message that the Any holds is not known.")
    }
    add("{\"@type\":")
    add(text: url)
    if WellKnownMessage(type) != nil {
      add(",\"value\":")
      try write(value, as: type, at: path.field("value"), depth: depth - 1)
    } else {
      var separator = Separator()
      _ = separator.next()
      let tree = try WireTree(value, of: type)
      try writeFields(of: tree, as: type, at: path, depth: depth - 1, &separator)
    }
    add("}")
  }
}
