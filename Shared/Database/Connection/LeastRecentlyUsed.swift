/// A dictionary of bounded size that drops what was not used for longest.
struct LeastRecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct Entry: Sendable {
    let key: Key
    var value: Value
    var older: Int?
    var newer: Int?
  }

  let capacity: Int
  private var entries: [Entry?] = []
  private var free: [Int] = []
  private var indices: [Key: Int] = [:]
  private var oldest: Int?
  private var newest: Int?

  /// - Parameter capacity: at least 1.
  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { indices.count }

  /// The value, which thereby becomes the last used.
  ///
  /// - Complexity: O(1).
  mutating func use(_ key: Key) -> Value? {
    guard let index = indices[key], let entry = entries[index] else { return nil }
    if newest != index {
      unlink(index)
      link(index)
    }
    return entry.value
  }

  /// The value, without counting as a use.
  func peek(_ key: Key) -> Value? {
    indices[key].flatMap { entries[$0]?.value }
  }

  /// Adds or replaces a value; gives what had to go for it.
  ///
  /// - Complexity: O(1).
  mutating func insert(_ value: Value, for key: Key) -> Value? {
    let replaced = remove(key)
    let evicted = replaced == nil && count >= capacity ? oldest.flatMap { entries[$0] } : nil
    if let evicted { _ = remove(evicted.key) }
    let entry = Entry(key: key, value: value)
    let index = free.popLast() ?? entries.count
    if index == entries.count { entries.append(entry) } else { entries[index] = entry }
    indices[key] = index
    link(index)
    return evicted?.value
  }

  /// - Complexity: O(1).
  @discardableResult
  mutating func remove(_ key: Key) -> Value? {
    guard let index = indices.removeValue(forKey: key) else { return nil }
    unlink(index)
    let value = entries[index]?.value
    entries[index] = nil
    free.append(index)
    return value
  }

  private mutating func link(_ index: Int) {
    entries[index]?.older = newest
    entries[index]?.newer = nil
    if let newest { entries[newest]?.newer = index }
    newest = index
    if oldest == nil { oldest = index }
  }

  private mutating func unlink(_ index: Int) {
    let older = entries[index]?.older
    let newer = entries[index]?.newer
    if let older { entries[older]?.newer = newer } else { oldest = newer }
    if let newer { entries[newer]?.older = older } else { newest = older }
  }
}
