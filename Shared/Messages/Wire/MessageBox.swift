/// Holds a submessage apart from the struct that it is a field of: because it can contain itself, or is large.
package final class MessageBox<Value: Message>: Sendable, Hashable {
  package let value: Value

  package init(_ value: Value) { self.value = value }

  package static func == (left: MessageBox, right: MessageBox) -> Bool {
    left === right || left.value == right.value
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
