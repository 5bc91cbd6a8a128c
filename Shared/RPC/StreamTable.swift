/// What a connection keeps for each of its streams, by stream number: a hash table for odd, rising keys.
///
/// Swift's own dictionary hashes for keys that an enemy chooses; here the worst that one can choose is a run as long as
/// the streams that it may open at once. Linear probing, at most half full.
struct StreamTable<Value> {
  private var slots: [(key: Int32, value: Value)?]
  private(set) var count = 0

  init() {
    slots = Array(repeating: nil, count: 16)
  }

  subscript(key: Int32) -> Value? {
    var index = home(key)
    while let slot = slots[index] {
      if slot.key == key { return slot.value }
      index = (index + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Adds a value under a key that the table does not hold.
  mutating func insert(_ value: Value, for key: Int32) {
    if (count + 1) * 2 > slots.count { grow() }
    place((key, value))
    count += 1
  }

  @discardableResult
  mutating func remove(_ key: Int32) -> Value? {
    var index = home(key)
    while let slot = slots[index] {
      if slot.key == key {
        slots[index] = nil
        count -= 1
        closeGap(after: index)
        return slot.value
      }
      index = (index + 1) & (slots.count - 1)
    }
    return nil
  }

  /// All values, in no order.
  var values: [Value] { slots.compactMap { $0?.value } }

  private func home(_ key: Int32) -> Int {
    // Scattered (Knuth's multiplicative hash): ids follow each other, and one long run would be moved at each removal.
    Int(truncatingIfNeeded: (UInt32(bitPattern: key) &* 2_654_435_769) >> 8) & (slots.count - 1)
  }

  private mutating func place(_ slot: (key: Int32, value: Value)) {
    var index = home(slot.key)
    while slots[index] != nil { index = (index + 1) & (slots.count - 1) }
    slots[index] = slot
  }

  /// Moves back what had to be placed behind its home because of the slot that is empty now.
  private mutating func closeGap(after gap: Int) {
    var index = (gap + 1) & (slots.count - 1)
    while let slot = slots[index] {
      slots[index] = nil
      place(slot)
      index = (index + 1) & (slots.count - 1)
    }
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: nil, count: old.count * 2)
    for case .some(let slot) in old { place(slot) }
  }
}
