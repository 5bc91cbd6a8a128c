import NIOCore

/// Whose calls a ``DeadlineTimer`` watches.
protocol DeadlineOwner: AnyObject {
  /// Ends the calls whose deadline has passed, and returns the earliest deadline of the others.
  func deadlinesPassed(at now: NIODeadline) -> Deadline?
}

/// One timer for the deadlines of all calls of a connection.
///
/// Most calls end long before their deadline, so nothing is kept of one: the timer is set for the earliest deadline
/// that it heard of, and when it fires, the owner looks through the calls that are open. A call with a deadline thus
/// costs one comparison.
final class DeadlineTimer {
  private let eventLoop: any EventLoop
  private var owner: (any DeadlineOwner)?
  private var armed: Deadline?
  private var timer: Scheduled<Void>?

  /// The owner and the timer hold each other until it is stopped: weak references would make every count of the owner's
  /// references dearer.
  init(eventLoop: any EventLoop, owner: any DeadlineOwner) {
    self.eventLoop = eventLoop
    self.owner = owner
  }

  /// Makes sure that the owner is asked at this deadline.
  func watch(_ deadline: Deadline) {
    if owner == nil { return }
    if let armed, armed <= deadline { return }
    arm(deadline)
  }

  /// Asks nobody any more.
  func stop() {
    timer?.cancel()
    timer = nil
    armed = nil
    owner = nil
  }

  private func arm(_ deadline: Deadline) {
    timer?.cancel()
    armed = deadline
    timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline.instant) { self.fire() }
  }

  private func fire() {
    timer = nil
    armed = nil
    if let next = owner?.deadlinesPassed(at: .now()) { watch(next) }
  }
}
