import DequeModule

/// Spares a server that lets nobody in: as long as it is away, one connection at a time is tried, and whoever else wants one
/// waits for what comes of that.
///
/// ```
/// open ──refused──▶ shut ──let in──▶ open
/// ```
/// Knows neither connections nor clocks.
struct DoorMachine {
  enum Answer: Equatable {
    /// Try at once.
    case goIn
    /// Try after the pause that so many failures call for; nobody else does meanwhile.
    case knock(failures: Int)
    /// Somebody else tries; wait to be called.
    case wait
  }

  /// Who is called, with what.
  struct Call: Equatable {
    let id: UInt64
    let answer: Answer
  }

  private var failures = 0
  private var knocking: UInt64?
  private var waiting: Deque<UInt64> = []

  /// Somebody wants a connection.
  mutating func came(_ id: UInt64) -> Answer {
    if failures == 0 { return .goIn }
    guard knocking != nil else {
      knocking = id
      return .knock(failures: failures)
    }
    waiting.append(id)
    return .wait
  }

  /// A connection was made: all come in.
  mutating func letIn(_ id: UInt64) -> [Call] {
    failures = 0
    knocking = nil
    defer { waiting = [] }
    return waiting.map { Call(id: $0, answer: .goIn) }
  }

  /// A connection could not be made: the next in the row tries, later.
  mutating func refused(_ id: UInt64) -> [Call] {
    // Those who went in together, before anybody knew, count as one failure.
    if failures == 0 || knocking == id { failures += 1 }
    return gone(id)
  }

  /// Somebody does not want one any more.
  mutating func gone(_ id: UInt64) -> [Call] {
    waiting.removeAll { $0 == id }
    guard knocking == id else { return [] }
    knocking = waiting.popFirst()
    return knocking.map { [Call(id: $0, answer: .knock(failures: failures))] } ?? []
  }
}
