import Synchronization

/// Counts what all connections of a server hold: messages that nobody has read or that are not complete, answers that
/// clients do not take. When it is too much, whoever holds more than an equal share must go.
///
/// A bound for each connection alone protects from one client, not from many. Safe to use from any thread.
final class HeldBytes: Sendable {
  private let bound: Int
  private let total = Atomic<Int>(0)
  private let connections = Atomic<Int>(0)

  init(bound: Int) {
    self.bound = bound
  }

  fileprivate func connectionBegan() {
    connections.add(1, ordering: .relaxed)
  }

  fileprivate func connectionEnded(holding count: Int) {
    connections.subtract(1, ordering: .relaxed)
    total.subtract(count, ordering: .relaxed)
  }

  /// - Returns: whether a connection that holds `count` must go.
  fileprivate func changed(by difference: Int, to count: Int) -> Bool {
    let total = total.add(difference, ordering: .relaxed).newValue
    return total > bound && count > bound / max(connections.load(ordering: .relaxed), 1)
  }
}

/// One connection's part of ``HeldBytes``. Small changes are not worth the threads' sharing of a counter.
struct HeldShare: ~Copyable {
  private static let step = 64 << 10

  private let whole: HeldBytes
  private var told = 0

  init(of whole: HeldBytes) {
    self.whole = whole
    whole.connectionBegan()
  }

  /// - Returns: whether the connection must go.
  mutating func holds(_ count: Int) -> Bool {
    let difference = count - told
    guard abs(difference) >= Self.step else { return false }
    told = count
    return whole.changed(by: difference, to: count)
  }

  deinit {
    whole.connectionEnded(holding: told)
  }
}
