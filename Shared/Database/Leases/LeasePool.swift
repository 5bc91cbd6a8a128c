import Logging
import Synchronization

/// Connections that are lent to one borrower at a time, made when needed.
final class LeasePool: Sendable {
  private struct State {
    var machine: LeaseMachine
    var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]
    /// The last to come back is the first to go out.
    var idle: [Idle] = []
    var sweeper: Task<Void, Never>?
    var lastID: UInt64 = 0
    var isClosed = false
  }

  private struct Idle {
    let connection: Connection
    let since: ContinuousClock.Instant
  }

  private let parameters: ConnectionParameters
  private let limits: LeaseLimits
  private let door: Door
  private let clock = ContinuousClock()
  private let state: Mutex<State>

  init(_ parameters: ConnectionParameters, limits: LeaseLimits, door: Door) {
    self.parameters = parameters
    self.limits = limits
    self.door = door
    state = Mutex(State(machine: LeaseMachine(limit: limits.maximumConnections)))
  }

  /// Lends a connection without an open transaction; it must be given back.
  ///
  /// - Throws: `.overloaded` when none came back in time, `.unavailable` when none could be made in time,
  ///   `CancellationError`.
  nonisolated(nonsending) func lease() async throws -> Connection {
    let deadline = clock.now + limits.waitTimeout
    try await waitForTurn(until: deadline)
    if let idle = takeIdle() { return idle }
    return try await make(until: deadline)
  }

  /// Makes a connection in a task of its own: one whose borrower goes away meanwhile is kept for the next. Otherwise those
  /// who wait for less long than the server takes to let them in would never get one.
  private nonisolated(nonsending) func make(until deadline: ContinuousClock.Instant) async throws -> Connection {
    let handover = Handover()
    Task {
      do {
        let connection = try await retrying(until: deadline) {
          try await self.door.open(self.parameters, until: deadline)
        }
        if !handover.settle(.success(connection)) { self.giveBack(connection, isSound: true) }
      } catch {
        self.passTurn()
        _ = handover.settle(.failure(error))
      }
    }
    return try await withTaskCancellationHandler {
      try await handover.value()
    } onCancel: {
      handover.abandon()
    }
  }

  /// Takes a connection back; one in doubt is closed.
  func giveBack(_ connection: Connection, isSound: Bool) {
    let isKept = state.withLock { state in
      let hasRoom = limits.idleLife > .zero || state.idle.count < limits.idleConnections
      guard isSound, connection.isOpen, !state.isClosed, hasRoom else { return false }
      state.idle.append(Idle(connection: connection, since: clock.now))
      if state.idle.count > limits.idleConnections, state.sweeper == nil { state.sweeper = Task { await sweep() } }
      return true
    }
    if !isKept { connection.release() }
    passTurn()
  }

  /// Refuses further leases and closes what is idle; what is out is closed when it comes back.
  func shutdown() {
    let (waiters, idle, sweeper) = state.withLock { state in
      state.isClosed = true
      let waiters = state.machine.close().compactMap { state.waiters.removeValue(forKey: $0) }
      defer { state.idle = [] }
      return (waiters, state.idle, state.sweeper)
    }
    sweeper?.cancel()
    for waiter in waiters { waiter.resume(throwing: Self.closed) }
    for idle in idle { idle.connection.release() }
  }

  /// Closes those that nobody has used for long, but for the few that are kept; ends when there are no others.
  private func sweep() async {
    while let next = nextExpiry() {
      try? await clock.sleep(until: next)
      for connection in takeExpired() { connection.release() }
    }
  }

  private func nextExpiry() -> ContinuousClock.Instant? {
    state.withLock { state in
      guard state.idle.count > limits.idleConnections, let first = state.idle.first else {
        state.sweeper = nil
        return nil
      }
      return first.since + limits.idleLife
    }
  }

  private func takeExpired() -> [Connection] {
    state.withLock { state in
      let most = max(0, state.idle.count - limits.idleConnections)
      let expired = state.idle.prefix(most).prefix { $0.since + limits.idleLife <= clock.now }
      state.idle.removeFirst(expired.count)
      return expired.map(\.connection)
    }
  }

  private func takeIdle() -> Connection? {
    state.withLock { state in
      while let connection = state.idle.popLast()?.connection {
        if connection.isOpen { return connection }
      }
      return nil
    }
  }

  // MARK: Turns

  private nonisolated(nonsending) func waitForTurn(until deadline: ContinuousClock.Instant) async throws {
    try Task.checkCancellation()
    if state.withLock({ $0.machine.requestedAtOnce() }) { return }
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    let timer = Task {
      try await clock.sleep(until: deadline)
      giveUp(id, Self.overloaded)
    }
    defer { timer.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { request(id, $0) }
    } onCancel: {
      giveUp(id, CancellationError())
    }
  }

  private func request(_ id: UInt64, _ waiter: CheckedContinuation<Void, any Error>) {
    let answer = state.withLock { state -> Result<Void, any Error>? in
      // Looked at under the lock: a cancellation that comes later finds the waiter.
      if Task.isCancelled { return .failure(CancellationError()) }
      switch state.machine.requested(id) {
      case .granted: return .success(())
      case .refused: return .failure(Self.closed)
      case .wait:
        state.waiters[id] = waiter
        return nil
      }
    }
    if let answer { waiter.resume(with: answer) }
  }

  private func giveUp(_ id: UInt64, _ error: any Error) {
    let waiter = state.withLock { state in
      state.machine.gaveUp(id) ? state.waiters.removeValue(forKey: id) : nil
    }
    waiter?.resume(throwing: error)
  }

  private func passTurn() {
    let waiter = state.withLock { state in
      state.machine.returned().flatMap { state.waiters.removeValue(forKey: $0) }
    }
    waiter?.resume()
  }

  private static let overloaded = DatabaseError(
    .overloaded, "All connections for transactions are taken.", isSafeToRetry: true)
  private static let closed = DatabaseError(.unavailable, "The database is shut down.", isSafeToRetry: true)
}
