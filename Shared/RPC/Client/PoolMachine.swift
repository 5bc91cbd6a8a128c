/// Which connections a client has and wants, and which one the next call gets. No I/O, no clock.
///
/// Each slot stands for one connection to one address:
/// ```
/// idle ──call──▶ connecting ──▶ ready ──ended──▶ idle
///                    └─failed─▶ resting ──rest over──▶ idle, or connecting when a call waits
/// ```
struct PoolMachine {
  enum Action: Equatable, Sendable {
    case connect(slot: Int)
    /// Call `restOver` for the slot after the back-off for so many failures.
    case rest(slot: Int, failures: Int)
    /// Let these waiting calls ask again.
    case wake([Int])
    /// Fail these waiting calls: no address can be reached.
    case fail([Int])
  }

  enum Pick: Equatable {
    case use(slot: Int)
    /// The call waits under its number until `wake` or `fail` names it.
    case wait
    case fail
  }

  private enum State { case idle, connecting, ready, resting }

  private struct Slot {
    var state = State.idle
    var failures = 0
  }

  private var slots: [Slot]
  private var next = 0
  private var patient: [Int] = []
  private var impatient: [Int] = []

  init(slots count: Int) {
    slots = Array(repeating: Slot(), count: count)
  }

  /// A call wants a connection; the ready ones are given in turn.
  ///
  /// - Parameter waiter: a number for the call, in case it must wait.
  mutating func pick(waiter: Int, waitsForReady: Bool) -> (pick: Pick, actions: [Action]) {
    let actions = connectIdle()
    if let slot = takeTurn() { return (.use(slot: slot), actions) }
    if waitsForReady {
      patient.append(waiter)
    } else if slots.contains(where: { $0.state == .connecting }) {
      impatient.append(waiter)
    } else {
      return (.fail, actions)
    }
    return (.wait, actions)
  }

  /// A waiting call has gone: cancelled or past its deadline.
  mutating func waiterLeft(_ waiter: Int) {
    patient.removeAll { $0 == waiter }
    impatient.removeAll { $0 == waiter }
  }

  mutating func connected(slot: Int) -> [Action] {
    slots[slot] = Slot(state: .ready)
    let woken = impatient + patient
    impatient = []
    patient = []
    return woken.isEmpty ? [] : [.wake(woken)]
  }

  mutating func restOver(slot: Int) -> [Action] {
    guard slots[slot].state == .resting else { return [] }
    slots[slot].state = .idle
    return patient.isEmpty && impatient.isEmpty ? [] : connectIdle()
  }

  /// A connection takes no more calls, or an attempt to connect failed.
  mutating func connectionEnded(slot: Int) -> [Action] {
    switch slots[slot].state {
    case .idle, .resting: return []
    case .connecting: return attemptFailed(slot)
    case .ready:
      slots[slot] = Slot()
      return patient.isEmpty && impatient.isEmpty ? [] : connectIdle()
    }
  }

  private mutating func attemptFailed(_ slot: Int) -> [Action] {
    let failures = slots[slot].failures + 1
    slots[slot] = Slot(state: .resting, failures: failures)
    var actions = [Action.rest(slot: slot, failures: failures)]
    if !slots.contains(where: { $0.state == .connecting || $0.state == .ready }) && !impatient.isEmpty {
      actions.append(.fail(impatient))
      impatient = []
    }
    return actions
  }

  private mutating func connectIdle() -> [Action] {
    guard slots.contains(where: { $0.state == .idle }) else { return [] }
    return slots.indices.filter { slots[$0].state == .idle }.map { slot in
      slots[slot].state = .connecting
      return .connect(slot: slot)
    }
  }

  /// The slot of a connection that is ready, each in turn; connects none.
  mutating func takeReady() -> Int? {
    slots.contains { $0.state == .idle } ? nil : takeTurn()
  }

  private mutating func takeTurn() -> Int? {
    for offset in slots.indices {
      let slot = (next + offset) % slots.count
      if slots[slot].state == .ready {
        next = slot + 1
        return slot
      }
    }
    return nil
  }
}
