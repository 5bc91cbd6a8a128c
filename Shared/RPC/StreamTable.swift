/// What a connection keeps for each of its streams, by stream number: a hash table for odd, rising keys.
///
/// Swift's own dictionary hashes for keys that an enemy chooses; here the worst that one can choose is a run as long as
/// the streams that it may open at once. Linear probing, at most half full.
struct StreamTable<Value> {
  /// Beside the values, so that a search touches no reference counts. 0, which no stream has, marks a free slot.
  private var keys: [Int32]
  private var slots: [Value?]
  private(set) var count = 0

  init() {
    keys = Array(repeating: 0, count: 16)
    slots = Array(repeating: nil, count: 16)
  }

  subscript(key: Int32) -> Value? {
    find(key).flatMap { slots[$0] }
  }

  /// Adds a value under a key that the table does not hold.
  mutating func insert(_ value: Value, for key: Int32) {
    if (count + 1) * 2 > keys.count { grow() }
    place(key, value)
    count += 1
  }

  @discardableResult
  mutating func remove(_ key: Int32) -> Value? {
    guard let index = find(key) else { return nil }
    count -= 1
    keys[index] = 0
    defer { closeGap(after: index) }
    return slots[index].take()
  }

  /// The values, in no order.
  var values: [Value] { slots.compactMap { $0 } }

  private func find(_ key: Int32) -> Int? {
    var index = home(key)
    while keys[index] != 0 {
      if keys[index] == key { return index }
      index = following(index)
    }
    return nil
  }

  private func home(_ key: Int32) -> Int {
    // Scattered (Knuth's multiplicative hash): ids follow each other, and one long run would be moved at each removal.
    Int(truncatingIfNeeded: (UInt32(bitPattern: key) &* 2_654_435_769) >> 8) & (keys.count - 1)
  }

  private func following(_ index: Int) -> Int {
    (index + 1) & (keys.count - 1)
  }

  private mutating func place(_ key: Int32, _ value: Value?) {
    var index = home(key)
    while keys[index] != 0 { index = following(index) }
    keys[index] = key
    slots[index] = value
  }

  /// Moves up what was placed behind a slot that is free now, and would no longer be found.
  private mutating func closeGap(after gap: Int) {
    var index = following(gap)
    while keys[index] != 0 {
      let (key, value) = (keys[index], slots[index].take())
      keys[index] = 0
      place(key, value)
      index = following(index)
    }
  }

  private mutating func grow() {
    let (oldKeys, oldSlots) = (keys, slots)
    keys = Array(repeating: 0, count: oldKeys.count * 2)
    slots = Array(repeating: nil, count: oldKeys.count * 2)
    for (key, value) in zip(oldKeys, oldSlots) where key != 0 { place(key, value) }
  }
}
