import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Writes the body that fills a Swift value from a C struct.
struct ReadingEmitter {
  let members: MessageMembers

  func emit(into code: inout Code) {
    for member in members.all {
      switch member {
      case .field(let field): emit(field, into: &code)
      case .oneof(let oneof): emit(oneof, into: &code)
      }
    }
    code.line("if c.pointee.base.n_unknown_fields > 0 { self.unknownFields = Self.unknownFields(of: c.pointee.base) }")
  }

  private func emit(_ field: MessageMembers.Field, into code: inout Code) {
    let descriptor = field.descriptor
    let source = "c.pointee.\(field.cName)"
    if descriptor.isMap, let entry = descriptor.messageType.mapKeyAndValue {
      emit(map: field, key: entry.key, value: entry.value, into: &code)
    } else if descriptor.isRepeated {
      let count = "c.pointee.n_\(field.cName)"
      code.line("if \(count) > 0 { self.\(field.name) = \(array(descriptor, source, count)) }")
    } else if descriptor.type == .message {
      if field.isBoxed {
        code.line("if let sub = \(source) { self.\(field.boxName) = .init(try .init(reading: sub)) }")
      } else {
        code.line("if let sub = \(source) { self.\(field.name) = try .init(reading: sub) }")
      }
    } else if descriptor.hasPresence {
      code.line("if c.pointee.has_\(field.cName) != 0 { self.\(field.name) = \(scalar(descriptor, source)) }")
    } else if descriptor.type == .string || descriptor.type == .bytes {
      code.line("if \(source).len > 0 { self.\(field.name) = \(scalar(descriptor, source)) }")
    } else {
      code.line("self.\(field.name) = \(scalar(descriptor, source))")
    }
  }

  private func array(_ field: FieldDescriptor, _ source: String, _ count: String) -> String {
    switch field.type {
    case .string: "try Self.texts(\(source), \(count), \(field.number))"
    case .bytes: "Self.byteArrays(\(source), \(count))"
    case .bool: "Self.bools(\(source), \(count))"
    case .enum: "Self.enums(\(source), \(count))"
    case .message, .group: "try Self.messages(\(source), \(count))"
    default: "Self.numbers(\(source), \(count))"
    }
  }

  private func scalar(_ field: FieldDescriptor, _ source: String, number: Int32? = nil) -> String {
    switch field.type {
    case .string: "try Self.text(\(source), \(number ?? field.number))"
    case .bytes: "Self.bytes(\(source))"
    case .bool: "\(source) != 0"
    case .enum: ".init(rawValue: \(source))"
    default: source
    }
  }

  /// Entries in their order, so that the last of a key wins.
  private func emit(
    map field: MessageMembers.Field, key: FieldDescriptor, value: FieldDescriptor, into code: inout Code
  ) {
    let number = field.descriptor.number
    let entry = "entry.pointee.\(CName.field(value))"
    let count = "c.pointee.n_\(field.cName)"
    code.line("if \(count) > 1 { self.\(field.name).reserveCapacity(\(count)) }")
    code.block("for case let entry? in UnsafeBufferPointer(start: c.pointee.\(field.cName), count: \(count))") { code in
      code.line("let key = \(scalar(key, "entry.pointee.\(CName.field(key))", number: number))")
      let new =
        value.type == .message
        ? "try \(entry).map { try .init(reading: $0) } ?? .init()" : scalar(value, entry, number: number)
      if key.type == .string {
        code.line("try Self.insert(\(new), key, into: &self.\(field.name), \(number))")
      } else {
        code.line("self.\(field.name)[key] = \(new)")
      }
    }
  }

  private func emit(_ oneof: MessageMembers.Oneof, into code: inout Code) {
    code.line("switch c.pointee.\(oneof.cCase).rawValue {")
    for field in oneof.cases {
      let source = "c.pointee.\(field.cName)"
      let head = "case \(field.descriptor.number):"
      if field.descriptor.type == .message {
        code.line("\(head) if let sub = \(source) { self.\(oneof.name) = .\(field.name)(try .init(reading: sub)) }")
      } else {
        code.line("\(head) self.\(oneof.name) = .\(field.name)(\(scalar(field.descriptor, source)))")
      }
    }
    code.line("default: break")
    code.line("}")
  }
}
