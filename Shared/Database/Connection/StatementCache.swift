/// The prepared statements of one connection: one per statement and role, because PostgreSQL plans a statement anew
/// whenever row-level security meets another role than last time.
struct StatementCache {
  struct Key: Hashable, Sendable {
    let shape: StatementShape
    let role: DatabaseRole

    static func == (left: Key, right: Key) -> Bool { left.shape === right.shape && left.role == right.role }

    func hash(into hasher: inout Hasher) {
      hasher.combine(ObjectIdentifier(shape))
      hasher.combine(role)
    }
  }

  enum Lookup: Equatable {
    case prepared(String)
    /// Prepare it under this name.
    case missing(String)
  }

  private var names: LeastRecentlyUsed<Key, String>
  private var lastNumber = 0
  /// Names that the server still knows and nobody will use again.
  private(set) var garbage: [String] = []

  init(capacity: Int) {
    names = LeastRecentlyUsed(capacity: capacity)
  }

  mutating func lookUp(_ key: Key) -> Lookup {
    if let name = names.use(key) { return .prepared(name) }
    lastNumber += 1
    let name = "s\(lastNumber)"
    if let evicted = names.insert(name, for: key) { garbage.append(evicted) }
    return .missing(name)
  }

  /// Preparing under `name` failed, so that the server does not know it.
  mutating func preparationFailed(_ key: Key, name: String) {
    if names.peek(key) == name { names.remove(key) }
  }

  /// The server knows `name` but can no longer run it.
  mutating func becameStale(_ key: Key, name: String) {
    guard names.peek(key) == name else { return }
    names.remove(key)
    garbage.append(name)
  }

  mutating func takeGarbage() -> [String] {
    defer { garbage = [] }
    return garbage
  }
}
