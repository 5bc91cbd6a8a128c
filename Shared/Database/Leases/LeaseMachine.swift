import DequeModule

/// Lets at most so many leases be out at once; the others wait in the order in which they came.
struct LeaseMachine {
  enum Request: Equatable { case granted, wait, refused }

  private var free: Int
  private var waiting: Deque<UInt64> = []
  private var isClosed = false

  init(limit: Int) {
    free = limit
  }

  /// Takes a lease if one is free now.
  mutating func requestedAtOnce() -> Bool {
    guard !isClosed, free > 0 else { return false }
    free -= 1
    return true
  }

  mutating func requested(_ id: UInt64) -> Request {
    if isClosed { return .refused }
    if free > 0 {
      free -= 1
      return .granted
    }
    waiting.append(id)
    return .wait
  }

  /// A lease came back: gives who gets it.
  mutating func returned() -> UInt64? {
    if let next = waiting.popFirst() { return next }
    free += 1
    return nil
  }

  /// Someone does not wait any more; false when the lease was granted meanwhile.
  mutating func gaveUp(_ id: UInt64) -> Bool {
    guard let index = waiting.firstIndex(of: id) else { return false }
    waiting.remove(at: index)
    return true
  }

  /// No more leases: gives those who wait.
  mutating func close() -> [UInt64] {
    isClosed = true
    defer { waiting = [] }
    return Array(waiting)
  }
}
