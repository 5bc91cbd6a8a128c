/// The JSON form of messages, by their descriptors, from and to the wire format.
///
/// Source: https://protobuf.dev/programming-guides/json (ProtoJSON). Field names are lowerCamelCase on output, and either form on input;
/// 64-bit integers are strings; bytes are Base64; Timestamp, Duration, FieldMask, Struct, the wrappers and Any have the
/// forms of their own.
public enum JSONCodec {
  /// The choices that ProtoJSON leaves to the writer.
  public struct Options: Sendable, Hashable {
    /// Whether fields without presence stand in the output though they hold their default.
    public var includesDefaults = false

    /// Whether fields are named as in the .proto.
    public var usesProtoNames = false

    /// Whether `"(personal)"` stands for the values of fields that can tell who a person is.
    public var hidesPersonal = false

    /// ProtoJSON's own choices.
    public init() {}
  }

  /// A message of the wire format as JSON, UTF-8, fields by number, maps by key.
  ///
  /// Fields that the descriptor does not know are left out.
  ///
  /// - Throws: ``DecodingError`` if the bytes are no message; ``JSONError`` if a value has no JSON form, such as a
  ///   Timestamp beyond the year 9999, or an Any of a message that `types` does not know.
  public static func json(
    from wire: [UInt8], as message: MessageDescriptor, options: Options = Options(),
    types: (String) -> MessageDescriptor? = MessageRegistry.message
  ) throws -> [UInt8] {
    try withoutActuallyEscaping(types) { types in
      var writer = JSONMessageWriter(options: options, types: types)
      try writer.write(wire[...], as: message, at: JSONPath(), depth: DecodingLimits.standard.depth)
      return writer.output
    }
  }

  /// JSON as a message of the wire format, deterministic as ``Message/encoded()`` is.
  ///
  /// - Throws: ``JSONError`` that names the place: JSON that is not well-formed or has a key twice, a field that the
  ///   message does not have, a value of another type or beyond its type's range, two fields of a oneof.
  public static func wire(
    from json: [UInt8], as message: MessageDescriptor,
    types: (String) -> MessageDescriptor? = MessageRegistry.message
  ) throws -> [UInt8] {
    var parser = JSONParser(json)
    let value = try parser.document()
    return try withoutActuallyEscaping(types) { types in
      try JSONMessageReader(types: types).message(value, as: message, at: JSONPath())
    }
  }
}
