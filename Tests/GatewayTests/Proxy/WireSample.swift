import Messages

@testable import Gateway

/// Requests as bytes, made from their description: for methods that a test does not know by name.
enum WireSample {
  /// A message whose field at the end of some steps holds a text, and nothing else is set.
  static func message(_ descriptor: MessageDescriptor, steps: [String], text: String) -> [UInt8] {
    guard let step = steps.first, let field = descriptor.field(named: step) else { return [] }
    let content = descriptor.message(of: field).map { message($0, steps: Array(steps.dropFirst()), text: text) }
    return lengthDelimited(field.number, content ?? Array(text.utf8))
  }

  /// A message of a method whose target is in an entity, as far as it has one.
  static func target(of method: MethodInfo, in entity: String) -> [UInt8] {
    ResourceFields.all(in: method.request).filter { field in
      field.steps.count <= 2 && ["name", "parent"].contains(field.steps.last) && field.type != "access.rapport/Key"
    }.prefix(1).flatMap { message(method.request, steps: $0.steps, text: name(in: entity, of: $0)) }
  }

  /// Any name in an entity that fits a field.
  static func name(in entity: String, of field: ResourceField) -> String {
    field.type == "access.rapport/Entity" ? "entities/\(entity)" : "entities/\(entity)/things/1"
  }

  private static func lengthDelimited(_ number: Int, _ content: [UInt8]) -> [UInt8] {
    varint(UInt64(number) << 3 | 2) + varint(UInt64(content.count)) + content
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, bytes): (UInt64, [UInt8]) = (value, [])
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
