/// A dictionary that forgets what was not used lately: when half of its capacity is new, what was not asked for since the
/// last such time goes. All operations take constant time.
package struct RecentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let half: Int
  private var recent: [Key: Value] = [:]
  private var older: [Key: Value] = [:]

  /// - Parameter capacity: entries at most, at least 2.
  package init(capacity: Int) {
    half = max(1, capacity / 2)
  }

  /// How many are kept.
  package var count: Int { recent.count + older.count }

  /// The value of a key; asking for it keeps it.
  package subscript(key: Key) -> Value? {
    mutating get {
      if let value = recent[key] {
        return value
      }
      guard let value = older.removeValue(forKey: key) else {
        return nil
      }
      self[key] = value
      return value
    }
    set {
      older[key] = nil
      if recent.count >= half && recent[key] == nil {
        older = recent
        recent = [:]
      }
      recent[key] = newValue
    }
  }
}
