import DequeModule

/// Spreads calls over the connections of a lane: the least busy one that has room takes the next call, the others wait
/// in one bounded queue for as long as the lane allows.
///
/// Knows neither connections nor clocks: `Item` is a call, a slot is the place of a connection, and a generation tells
/// the connections of one slot apart, so that late news of a lost one are ignored.
struct LaneMachine<Item> {
  typealias Instant = ContinuousClock.Instant

  enum Submission: Equatable {
    case send(slot: Int)
    /// Wait, until ``nextDeadline`` at most.
    case wait
    case refuse(Refusal)
  }

  enum Refusal: Equatable { case full, closed }

  private enum Slot: Equatable {
    case offline
    case connecting(generation: Int)
    case ready(generation: Int, inFlight: Int)
  }

  private let window: Int
  private let queueLimit: Int
  private let queueTimeout: Duration
  private var slots: [Slot]
  private var queue: Deque<(item: Item, deadline: Instant)> = []
  private var lastGeneration = 0
  private var isClosed = false

  /// - Parameters:
  ///   - window: calls on their way on one connection, at least 1.
  ///   - queueLimit: calls that wait.
  init(slots: Int, window: Int, queueLimit: Int, queueTimeout: Duration) {
    self.slots = Array(repeating: .offline, count: slots)
    self.window = window
    self.queueLimit = queueLimit
    self.queueTimeout = queueTimeout
  }

  /// When the longest waiting call is to be refused.
  var nextDeadline: Instant? { queue.first?.deadline }

  var inFlight: Int {
    slots.reduce(0) { sum, slot in if case .ready(_, let inFlight) = slot { sum + inFlight } else { sum } }
  }

  /// A call comes.
  ///
  /// - Complexity: O(slots).
  mutating func submit(_ item: Item, now: Instant) -> Submission {
    if isClosed { return .refuse(.closed) }
    if queue.isEmpty, let slot = leastBusySlot() {
      addInFlight(1, slot)
      return .send(slot: slot)
    }
    guard queue.count < queueLimit else { return .refuse(.full) }
    queue.append((item, now + queueTimeout))
    return .wait
  }

  /// A connection is about to be made; gives its generation.
  mutating func connecting(slot: Int) -> Int {
    lastGeneration += 1
    slots[slot] = .connecting(generation: lastGeneration)
    return lastGeneration
  }

  /// It was made: gives the waiting calls that it takes at once, or nil when it is lost or unwanted already.
  mutating func connected(slot: Int, generation: Int) -> [Item]? {
    guard !isClosed, slots[slot] == .connecting(generation: generation) else { return nil }
    let taken = min(window, queue.count)
    slots[slot] = .ready(generation: generation, inFlight: taken)
    defer { queue.removeFirst(taken) }
    return queue.prefix(taken).map(\.item)
  }

  /// A call ended: gives the one that takes its place.
  mutating func ended(slot: Int, generation: Int) -> Item? {
    guard case .ready(generation, let inFlight) = slots[slot] else { return nil }
    if let next = queue.popFirst() { return next.item }
    slots[slot] = .ready(generation: generation, inFlight: inFlight - 1)
    return nil
  }

  /// The connection is gone, with all calls on it.
  mutating func lost(slot: Int, generation: Int) {
    switch slots[slot] {
    case .connecting(generation), .ready(generation, _): slots[slot] = .offline
    default: break
    }
  }

  /// Gives the calls that have waited for too long.
  mutating func expire(now: Instant) -> [Item] {
    let expired = queue.prefix { $0.deadline <= now }.map(\.item)
    queue.removeFirst(expired.count)
    return expired
  }

  /// No more calls: gives those that wait.
  mutating func close() -> [Item] {
    isClosed = true
    defer { queue = [] }
    return queue.map(\.item)
  }

  private func leastBusySlot() -> Int? {
    var best: (slot: Int, inFlight: Int)?
    for (index, slot) in slots.enumerated() {
      guard case .ready(_, let inFlight) = slot, inFlight < window, inFlight < best?.inFlight ?? .max else { continue }
      best = (index, inFlight)
    }
    return best?.slot
  }

  private mutating func addInFlight(_ count: Int, _ slot: Int) {
    guard case .ready(let generation, let inFlight) = slots[slot] else { return }
    slots[slot] = .ready(generation: generation, inFlight: inFlight + count)
  }
}
