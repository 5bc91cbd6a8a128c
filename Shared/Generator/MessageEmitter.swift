import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Writes a message: the struct, and its conversion from and to protoc-gen-c's struct.
struct MessageEmitter {
  let message: Descriptor
  /// The message's place in its file, nested ones counted after the one that holds them.
  let index: Int
  let module: Module
  let members: MessageMembers

  init(message: Descriptor, index: Int, module: Module) {
    self.message = message
    self.index = index
    self.module = module
    members = MessageMembers(message: message, layout: module.layout)
  }

  // MARK: The struct

  func emitStruct(into code: inout Code) {
    code.comment(message, otherwise: "`\(message.fullName)`.")
    code.block("public struct \(SwiftName.typeName(message.name, suffix: "Message"))") { code in
      for member in members.all {
        switch member {
        case .field(let field): emitProperty(field, into: &code)
        case .oneof(let oneof):
          code.comment(oneof.descriptor, otherwise: "`\(oneof.descriptor.name)`: at most one of its fields.")
          code.line("public var \(oneof.name): \(oneof.type)? = nil")
        }
      }
      code.line("/// Fields that this build does not know, as they stood on the wire.")
      code.line("public var unknownFields: [UInt8] = []")
      code.line("/// A message with nothing set.")
      code.line("public init() {}")
      emitNested(into: &code)
    }
  }

  private func emitProperty(_ field: MessageMembers.Field, into code: inout Code) {
    let descriptor = field.descriptor
    code.comment(descriptor, otherwise: "`\(descriptor.name)`.")
    if field.isBoxed {
      code.block("public var \(field.name): \(field.type)?") { code in
        code.line("get { \(field.boxName)?.value }")
        code.line("set { \(field.boxName) = newValue.map { .init($0) } }")
      }
      code.line("private var \(field.boxName): MessageBox<\(field.type)>? = nil")
    } else if descriptor.isMap, let entry = descriptor.messageType.mapKeyAndValue {
      let key = MessageMembers.valueType(entry.key)
      code.line("public var \(field.name): [\(key): \(MessageMembers.valueType(entry.value))] = [:]")
    } else if descriptor.isRepeated {
      code.line("public var \(field.name): [\(field.type)] = []")
    } else if descriptor.hasPresence {
      code.line("public var \(field.name): \(field.type)? = nil")
    } else {
      code.line("public var \(field.name): \(field.type) = \(zero(descriptor))")
    }
  }

  private func zero(_ field: FieldDescriptor) -> String {
    switch field.type {
    case .string: "\"\""
    case .bytes: "[]"
    case .bool: "false"
    case .enum: ".init()"
    default: "0"
    }
  }

  private func emitNested(into code: inout Code) {
    for case .oneof(let oneof) in members.all {
      code.line()
      code.comment(oneof.descriptor, otherwise: "The fields of `\(oneof.descriptor.name)`.")
      code.block("public enum \(oneof.type): Sendable, Hashable") { code in
        for field in oneof.cases {
          code.comment(field.descriptor, otherwise: "`\(field.descriptor.name)`.")
          code.line("\(field.isBoxed ? "indirect " : "")case \(field.name)(\(field.type))")
        }
      }
    }
    for nested in message.messages where !nested.options.mapEntry {
      code.line()
      MessageEmitter(message: nested, index: 0, module: module).emitStruct(into: &code)
    }
    for enumeration in message.enums {
      code.line()
      EnumEmitter(enumeration: enumeration).emit(into: &code)
    }
  }

  // MARK: The conversion

  func emitConversion(into code: inout Code) {
    let function = CName.function(message.fullName)
    code.block("extension \(SwiftName.type(message)): BridgedMessage") { code in
      code.line("package typealias CStruct = \(CName.structure(message.fullName))")
      code.line("package static var cType: UnsafePointer<ProtobufCMessageDescriptor> { \(function)__type() }")
      code.line("/// What the message is made of.")
      code.block("public static var descriptor: MessageDescriptor") { code in
        code.line("MessageDescriptor(file: \(module.fileExpression(message.file)), index: \(index))")
      }
      code.line("/// Reads the message from the wire format.")
      code.block("public init(decoding bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws") { code in
        code.line("self = try Self.decoded(from: bytes, limits: limits)")
      }
      code.line("/// Writes the message in the wire format.")
      code.block(
        "public func encode(into allocate: (_ size: Int) throws -> UnsafeMutableRawBufferPointer) throws"
      ) { code in
        code.line("try encodeBridged(into: allocate)")
      }
      code.line("/// The message in the wire format.")
      code.line("public func encoded() throws -> [UInt8] { try encodeBridged() }")
      code.block("package init(reading c: UnsafePointer<CStruct>) throws") { code in
        ReadingEmitter(members: members).emit(into: &code)
      }
      code.block("package func write(to c: UnsafeMutablePointer<CStruct>, _ arena: inout Arena) throws") { code in
        WritingEmitter(members: members).emit(into: &code)
      }
    }
  }
}
