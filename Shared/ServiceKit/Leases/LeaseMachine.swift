/// Decides whether one copy of a service may go on with work that only one may do.
///
/// The database decides who holds a lease, by its own clock; every holder gets a higher fencing number, and a statement of
/// the work checks the number. This machine adds what a copy may conclude from its own monotonic clock: it stops by
/// itself before the lease can have run out, counted from before the request that got or renewed it.
///
/// ```
///            acquired                renewed
///  waiting ────────────▶ holding ◀──────┐
///     ▲                   │  │  └────────┘
///     └───────────────────┘  └─ lost, or no renewal in time
/// ```
struct LeaseMachine: Equatable {
  enum Action: Equatable {
    case none
    /// Ask the database for the lease.
    case acquire
    /// Begin the work under a fencing number.
    case begin(fence: Int64)
    /// Ask the database to renew.
    case renew(fence: Int64)
    /// Stop the work: the lease may be another's.
    case stop
  }

  private enum State: Equatable {
    case waiting(nextTry: ContinuousClock.Instant)
    case holding(fence: Int64, renewAt: ContinuousClock.Instant, until: ContinuousClock.Instant)
  }

  /// How long a lease holds without renewal.
  let length: Duration
  private var state: State

  init(length: Duration, now: ContinuousClock.Instant) {
    self.length = length
    state = .waiting(nextTry: now)
  }

  /// When ``tick(now:)`` next has something to say.
  var nextTick: ContinuousClock.Instant {
    switch state {
    case .waiting(let nextTry): nextTry
    case .holding(_, let renewAt, let until): min(renewAt, until)
    }
  }

  var fence: Int64? {
    if case .holding(let fence, _, _) = state { fence } else { nil }
  }

  mutating func tick(now: ContinuousClock.Instant) -> Action {
    switch state {
    case .waiting(let nextTry):
      return now >= nextTry ? .acquire : .none
    case .holding(let fence, let renewAt, let until):
      if now >= until {
        state = .waiting(nextTry: now)
        return .stop
      }
      return now >= renewAt ? .renew(fence: fence) : .none
    }
  }

  /// The database gave the lease.
  ///
  /// - Parameter askedAt: when the request was sent.
  mutating func acquired(fence: Int64, askedAt: ContinuousClock.Instant) -> Action {
    state = holding(fence, since: askedAt)
    return .begin(fence: fence)
  }

  /// Another holds it, or the database did not answer.
  mutating func notAcquired(now: ContinuousClock.Instant) {
    state = .waiting(nextTry: now.advanced(by: length / 3))
  }

  mutating func renewed(askedAt: ContinuousClock.Instant) {
    if case .holding(let fence, _, _) = state {
      state = holding(fence, since: askedAt)
    }
  }

  /// The database did not answer; the lease may still be held.
  mutating func renewalFailed(now: ContinuousClock.Instant) {
    if case .holding(let fence, _, let until) = state {
      state = .holding(fence: fence, renewAt: now.advanced(by: length / 10), until: until)
    }
  }

  /// The database says that the lease is another's.
  mutating func lost(now: ContinuousClock.Instant) -> Action {
    guard case .holding = state else {
      return .none
    }
    state = .waiting(nextTry: now.advanced(by: length / 3))
    return .stop
  }

  private func holding(_ fence: Int64, since: ContinuousClock.Instant) -> State {
    .holding(
      fence: fence, renewAt: since.advanced(by: length / 3),
      // A tenth early: the clocks of database and process may run unequally fast.
      until: since.advanced(by: length * 9 / 10))
  }
}
