/// What one value of a field is; the raw value is that of `google.protobuf.FieldDescriptorProto.Type`.
public enum FieldType: Int32, Sendable, Hashable {
  /// An IEEE 754 number of 64 bits.
  case double = 1
  /// An IEEE 754 number of 32 bits.
  case float
  /// A signed number of 64 bits, as a varint.
  case int64
  /// An unsigned number of 64 bits, as a varint.
  case uint64
  /// A signed number of 32 bits, as a varint.
  case int32
  /// An unsigned number of 64 bits, in eight bytes.
  case fixed64
  /// An unsigned number of 32 bits, in four bytes.
  case fixed32
  /// True or false.
  case bool
  /// UTF-8.
  case string
  /// A group, which proto3 no longer has.
  case group
  /// A message.
  case message
  /// Any bytes.
  case bytes
  /// An unsigned number of 32 bits, as a varint.
  case uint32
  /// An open enum.
  case enumeration
  /// A signed number of 32 bits, in four bytes.
  case sfixed32
  /// A signed number of 64 bits, in eight bytes.
  case sfixed64
  /// A signed number of 32 bits, as a zigzag varint.
  case sint32
  /// A signed number of 64 bits, as a zigzag varint.
  case sint64

  /// Whether repeated values may stand in one length-delimited field.
  var isPackable: Bool {
    switch self {
    case .string, .bytes, .message, .group: false
    default: true
    }
  }

  /// The wire type of one value.
  var wireType: UInt8 {
    switch self {
    case .double, .fixed64, .sfixed64: 1
    case .string, .bytes, .message: 2
    case .group: 3
    case .float, .fixed32, .sfixed32: 5
    default: 0
    }
  }
}

/// A field of a message.
public struct FieldDescriptor: Sendable {
  /// The number on the wire.
  public let number: Int

  /// The name in the .proto: `display_name`.
  public let name: String

  /// The name in JSON: `displayName`.
  public let jsonName: String

  /// What one value is.
  public let type: FieldType

  /// Whether there may be many values; true for maps too.
  public let isRepeated: Bool

  /// Whether it is a map: repeated messages of a key, field 1, and a value, field 2.
  public let isMap: Bool

  /// Whether "not set" differs from the default.
  public let hasPresence: Bool

  /// The place of its oneof in ``MessageDescriptor/oneofs``; nil where it is in none.
  public let oneof: Int?

  /// The kind of resource that it names; nil where it names none.
  ///
  /// From `(google.api.resource_reference)`, or because it is the name field of a `(google.api.resource)`.
  public let resource: ResourceReference?

  /// Whether its values can tell who a person is and so are never logged: `(rapport.options.v1.personal)`.
  public let isPersonal: Bool

  /// What is said of it by `(google.api.field_behavior)`: required, output only, immutable …
  public let behaviors: [GoogleAPI.FieldBehavior]

  /// Whether several values are written in one length-delimited field.
  let isPacked: Bool

  let typeReference: TypeReference

  enum TypeReference: Sendable {
    case none
    case message(MessageReference)
    case enumeration(EnumDescriptor)
  }

  /// A message by its place in a file; no file where it is the field's own.
  struct MessageReference: Sendable {
    let file: FileDescriptor?
    let index: Int
  }

  /// The enum that the field holds; nil for other types.
  public var enumeration: EnumDescriptor? {
    guard case .enumeration(let descriptor) = typeReference else { return nil }
    return descriptor
  }
}
