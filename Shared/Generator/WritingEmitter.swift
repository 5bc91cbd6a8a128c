import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Writes the body that fills a C struct, zeroed before, from a Swift value.
struct WritingEmitter {
  let members: MessageMembers

  func emit(into code: inout Code) {
    for member in members.all {
      switch member {
      case .field(let field): emit(field, into: &code)
      case .oneof(let oneof): emit(oneof, into: &code)
      }
    }
    code.line("if !self.unknownFields.isEmpty { arena.attach(self.unknownFields, to: &c.pointee.base) }")
  }

  private func emit(_ field: MessageMembers.Field, into code: inout Code) {
    let descriptor = field.descriptor
    let target = "c.pointee.\(field.cName)"
    let value = "self.\(field.name)"
    if descriptor.isMap, let entry = descriptor.messageType.mapKeyAndValue {
      emit(map: field, key: entry.key, value: entry.value, into: &code)
    } else if descriptor.isRepeated {
      code.block("if !\(value).isEmpty") { code in
        code.line("c.pointee.n_\(field.cName) = \(value).count")
        code.line("\(target) = \(array(descriptor, value))")
      }
    } else if descriptor.type == .message {
      let stored = field.isBoxed ? "self.\(field.boxName)" : value
      let content = field.isBoxed ? "sub.value" : "sub"
      code.line("if let sub = \(stored) { \(target) = try arena.message(\(content)) }")
    } else if descriptor.hasPresence {
      code.block("if let value = \(value)") { code in
        code.line("c.pointee.has_\(field.cName) = 1")
        code.line("\(target) = \(scalar(descriptor, "value"))")
      }
    } else {
      code.block("if \(isSet(descriptor, value))") { code in
        code.line("c.pointee.has_\(field.cName) = 1")
        code.line("\(target) = \(scalar(descriptor, value))")
      }
    }
  }

  /// proto3: a field with implicit presence is sent unless it holds its default, bit by bit (-0.0 is sent).
  private func isSet(_ field: FieldDescriptor, _ value: String) -> String {
    switch field.type {
    case .string: "!\(value).isEmpty"
    case .bytes: "!\(value).isEmpty"
    case .bool: value
    case .enum: "\(value).rawValue != 0"
    case .float, .double: "\(value).bitPattern != 0"
    default: "\(value) != 0"
    }
  }

  private func array(_ field: FieldDescriptor, _ value: String) -> String {
    switch field.type {
    case .string: "arena.texts(\(value))"
    case .bytes: "arena.byteArrays(\(value))"
    case .bool: "arena.bools(\(value))"
    case .enum: "arena.enums(\(value))"
    case .message, .group: "try arena.messages(\(value))"
    default: "arena.numbers(\(value))"
    }
  }

  private func scalar(_ field: FieldDescriptor, _ value: String) -> String {
    switch field.type {
    case .string: "arena.text(\(value))"
    case .bytes: "arena.bytes(\(value))"
    case .bool: "\(value) ? 1 : 0"
    case .enum: "\(value).rawValue"
    case .message, .group: "try arena.message(\(value))"
    default: value
    }
  }

  /// Entries by key, and both halves of each: what makes encodings comparable.
  private func emit(
    map field: MessageMembers.Field, key: FieldDescriptor, value: FieldDescriptor, into code: inout Code
  ) {
    let entryType: Descriptor = field.descriptor.messageType
    let cEntry = CName.structure(entryType.fullName)
    let cKey = CName.field(key)
    let cValue = CName.field(value)
    code.block("if !self.\(field.name).isEmpty") { code in
      code.line("c.pointee.n_\(field.cName) = self.\(field.name).count")
      code.line(
        "c.pointee.\(field.cName) = try arena.entries(self.\(field.name), \(CName.function(entryType.fullName))__type()"
          + ", \(cEntry).self) { arena, entry, key, value in")
      code.line("  entry.pointee.has_\(cKey) = 1")
      code.line("  entry.pointee.\(cKey) = \(scalar(key, "key"))")
      if value.type != .message { code.line("  entry.pointee.has_\(cValue) = 1") }
      code.line("  entry.pointee.\(cValue) = \(scalar(value, "value"))")
      code.line("}")
    }
  }

  private func emit(_ oneof: MessageMembers.Oneof, into code: inout Code) {
    code.line("switch self.\(oneof.name) {")
    for field in oneof.cases {
      code.line("case .\(field.name)(let value):")
      code.line("  c.pointee.\(oneof.cCase) = .init(rawValue: \(field.descriptor.number))")
      code.line("  c.pointee.\(field.cName) = \(scalar(field.descriptor, "value"))")
    }
    code.line("case nil: break")
    code.line("}")
  }
}
