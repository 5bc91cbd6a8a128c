import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// How large a message's struct is, and so which submessages stand in it and which in a box.
///
/// A message that can contain itself must be boxed; a large one is, so that a struct stays about as large as its C
/// struct and is cheap to move.
final class TypeLayout {
  /// The largest submessage that stands in the struct itself, in bytes.
  private static let largestInline = 64

  private var sizes: [String: Int] = [:]
  private var cycles: [String: Bool] = [:]

  /// Whether a singular submessage of this type stands in a box.
  func isBoxed(_ type: Descriptor) -> Bool { isRecursive(type) || size(of: type) > Self.largestInline }

  /// Whether a message can contain itself by a chain of singular fields.
  private func isRecursive(_ message: Descriptor) -> Bool {
    if let known = cycles[message.fullName] { return known }
    var seen: Set<String> = []
    var open = submessages(message)
    while let next = open.popLast() {
      guard seen.insert(next.fullName).inserted else { continue }
      open += submessages(next)
    }
    let result = seen.contains(message.fullName)
    cycles[message.fullName] = result
    return result
  }

  private func submessages(_ message: Descriptor) -> [Descriptor] {
    message.fields.compactMap { $0.isRepeated ? nil : $0.messageType }
  }

  /// The size of the struct, within a few bytes.
  private func size(of message: Descriptor) -> Int {
    if let known = sizes[message.fullName] { return known }
    var total = 8  // unknownFields
    for field in message.fields where field.realContainingOneof == nil {
      total += aligned(size(of: field), optional: field.hasPresence)
    }
    for oneof in message.oneofs where !oneof.fields.allSatisfy({ $0.realContainingOneof == nil }) {
      total += aligned(oneof.fields.map(size).max() ?? 0, optional: true)
    }
    sizes[message.fullName] = total
    return total
  }

  private func aligned(_ size: Int, optional: Bool) -> Int { (size + (optional ? 1 : 0) + 7) / 8 * 8 }

  private func size(of field: FieldDescriptor) -> Int {
    if field.isRepeated { return 8 }
    return switch field.type {
    case .string: 15  // An optional string needs no further byte.
    case .bytes: 7
    case .bool: 1
    case .int32, .uint32, .sint32, .fixed32, .sfixed32, .float, .enum: 4
    case .message, .group: isBoxed(field.messageType) ? 7 : size(of: field.messageType)
    default: 8
    }
  }
}
