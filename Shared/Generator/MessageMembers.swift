import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The Swift members of a message, in the order of the .proto.
struct MessageMembers {
  /// A stored property: a field of its own, or a oneof.
  enum Member {
    case field(Field)
    case oneof(Oneof)
  }

  struct Field {
    let descriptor: FieldDescriptor
    /// As it is written, with backticks where it is a keyword.
    let name: String
    /// The Swift type of one value.
    let type: String
    let cName: String
    /// Whether a singular submessage stands in a box.
    let isBoxed: Bool

    /// The stored property behind a boxed field.
    var boxName: String { "_\(name.filter { $0 != "`" })" }
  }

  struct Oneof {
    let descriptor: OneofDescriptor
    let name: String
    /// The enum's own name.
    let type: String
    let cCase: String
    let cases: [Field]
  }

  let all: [Member]

  init(message: Descriptor, layout: TypeLayout) {
    var scope = SwiftName.Scope(reserved: ["unknownFields", "encode", "encoded", "write", "debugDescription"])
    var members: [Member] = []
    for field in message.fields {
      guard let oneof = field.realContainingOneof else {
        let name = scope.member(SwiftName.lowerCamel(field.name), number: Int(field.number))
        members.append(.field(Self.field(field, name: name, layout: layout)))
        continue
      }
      guard oneof.fields.first === field else { continue }
      let name = scope.member(SwiftName.lowerCamel(oneof.name), number: oneof.index)
      members.append(.oneof(Self.oneof(oneof, name: name, layout: layout)))
    }
    all = members
  }

  private static func oneof(_ oneof: OneofDescriptor, name: String, layout: TypeLayout) -> Oneof {
    var scope = SwiftName.Scope(reserved: [])
    let cases = oneof.fields.map { field in
      Self.field(
        field, name: scope.member(SwiftName.lowerCamel(field.name), number: Int(field.number)), layout: layout)
    }
    return Oneof(
      descriptor: oneof, name: name, type: SwiftName.oneofType(oneof), cCase: "\(CName.oneof(index: oneof.index))_case",
      cases: cases)
  }

  private static func field(_ field: FieldDescriptor, name: String, layout: TypeLayout) -> Field {
    Field(
      descriptor: field, name: name, type: valueType(field), cName: CName.field(field),
      isBoxed: field.type == .message && !field.isRepeated && layout.isBoxed(field.messageType))
  }

  static func valueType(_ field: FieldDescriptor) -> String {
    switch field.type {
    case .double: "Double"
    case .float: "Float"
    case .int64, .sint64, .sfixed64: "Int64"
    case .uint64, .fixed64: "UInt64"
    case .int32, .sint32, .sfixed32: "Int32"
    case .uint32, .fixed32: "UInt32"
    case .bool: "Bool"
    case .string: "String"
    case .bytes: "[UInt8]"
    case .enum: SwiftName.type(field.enumType)
    case .message, .group: SwiftName.type(field.messageType)
    }
  }
}
