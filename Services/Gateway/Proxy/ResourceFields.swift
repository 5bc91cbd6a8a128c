import Messages
import ServiceKit

/// A field of a request that names a resource.
struct ResourceField: Sendable, Hashable {
  /// The names of the fields from the request down to it.
  let steps: [String]
  /// What is named; `profiles.rapport/Profile`. Where the field names the parent of a kind, that kind.
  let type: String

  /// The steps with dots between them.
  var path: String { steps.joined(separator: ".") }

  /// The module that the resource belongs to.
  var module: OptionsV1.Module? { OptionsV1.Module(ofResource: type) }
}

/// Finds the fields that name resources in the description of a message.
enum ResourceFields {
  /// Every one, wherever it stands; a message within itself is entered once.
  static func all(in message: MessageDescriptor) -> [ResourceField] {
    collect(in: message, steps: [], entered: [])
  }

  private static func collect(
    in message: MessageDescriptor, steps: [String], entered: Set<MessageDescriptor>
  ) -> [ResourceField] {
    guard message.namesResources, !entered.contains(message) else { return [] }
    let entered = entered.union([message])
    return message.fields.flatMap { field -> [ResourceField] in
      let steps = steps + [field.name]
      if let resource = field.resource { return [ResourceField(steps: steps, type: resource.namedType)] }
      return message.message(of: field).map { collect(in: $0, steps: steps, entered: entered) } ?? []
    }
  }
}
