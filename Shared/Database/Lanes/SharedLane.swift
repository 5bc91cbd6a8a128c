import Logging
import Synchronization

/// Single statements of many callers, pipelined on a few connections that are kept open.
final class SharedLane: Sendable {
  private struct State {
    var machine: LaneMachine<Exchange>
    var connections: [Connection?]
    var keepers: [Task<Void, Never>] = []
    var drained: CheckedContinuation<Void, Never>?
    var isWatched = false
  }

  private let parameters: ConnectionParameters
  private let door: Door
  private let logger: Logger
  private let clock = ContinuousClock()
  private let state: Mutex<State>
  private let slots: Int

  init(
    _ parameters: ConnectionParameters, connections: Int, window: Int, limits: LaneLimits, door: Door, logger: Logger
  ) {
    self.parameters = parameters
    self.door = door
    self.logger = logger
    slots = connections
    state = Mutex(
      State(
        machine: LaneMachine(
          slots: connections, window: window, queueLimit: limits.queuedCalls, queueTimeout: limits.queueTimeout),
        connections: Array(repeating: nil, count: connections)))
  }

  // MARK: Calls

  /// Sends a group as soon as a connection has room.
  func submit(_ exchange: Exchange) {
    let (submission, connection) = state.withLock { state in
      let submission = state.machine.submit(exchange, now: clock.now)
      if case .send(let slot) = submission { return (submission, state.connections[slot]) }
      return (submission, nil)
    }
    switch submission {
    case .send: connection?.push(exchange)
    case .wait: watchQueue()
    case .refuse(.full): exchange.settle(.failure(Self.full(exchange)))
    case .refuse(.closed): exchange.settle(.failure(Self.closed(exchange)))
    }
  }

  func ended(_ slot: LaneSlot) {
    let (next, connection, drained) = state.withLock { state in
      let next = state.machine.ended(slot: slot.index, generation: slot.generation)
      return (next, state.connections[slot.index], Self.takeDrained(&state))
    }
    if let next { connection?.push(next) }
    drained?.resume()
  }

  func lost(_ slot: LaneSlot) {
    let drained = state.withLock { state in
      state.machine.lost(slot: slot.index, generation: slot.generation)
      return Self.takeDrained(&state)
    }
    drained?.resume()
  }

  /// Refuses calls that have waited for too long; one task does so for as long as any wait.
  private func watchQueue() {
    let isFirst = state.withLock { state in
      defer { state.isWatched = true }
      return !state.isWatched
    }
    guard isFirst else { return }
    Task {
      while let deadline = nextDeadline() {
        try? await clock.sleep(until: deadline)
        for exchange in state.withLock({ $0.machine.expire(now: clock.now) }) {
          exchange.settle(.failure(Self.tooLate(exchange)))
        }
      }
    }
  }

  private func nextDeadline() -> ContinuousClock.Instant? {
    state.withLock { state in
      if state.machine.nextDeadline == nil { state.isWatched = false }
      return state.machine.nextDeadline
    }
  }

  // MARK: Connections

  /// Opens all connections, and keeps them open from then on.
  func start(deadline: ContinuousClock.Instant) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for slot in 0..<slots {
        group.addTask { try await self.start(slot, deadline) }
      }
      try await group.waitForAll()
    }
  }

  private func start(_ index: Int, _ deadline: ContinuousClock.Instant) async throws {
    let slot = try await retrying(until: deadline) { try await self.open(index, until: deadline) }
    let keeper = Task { await self.keep(index, slot) }
    state.withLock { $0.keepers.append(keeper) }
  }

  private func keep(_ index: Int, _ first: LaneSlot) async {
    var slot: LaneSlot? = first
    while !Task.isCancelled {
      await slot?.untilLost()
      do {
        slot = try await open(index)
      } catch is CancellationError {
        return
      } catch {
        slot = nil
        logger.warning("no connection to the database", metadata: ["reason": "\(error)"])
      }
    }
  }

  private func open(_ index: Int, until deadline: ContinuousClock.Instant? = nil) async throws -> LaneSlot {
    let generation = state.withLock { $0.machine.connecting(slot: index) }
    let slot = LaneSlot(lane: self, index: index, generation: generation)
    let connection = try await door.open(parameters, slot: slot, until: deadline)
    let waiting = state.withLock { state -> [Exchange]? in
      let waiting = state.machine.connected(slot: index, generation: generation)
      if waiting != nil { state.connections[index] = connection }
      return waiting
    }
    guard let waiting else {
      connection.release()
      return slot
    }
    for exchange in waiting { connection.push(exchange) }
    return slot
  }

  /// Refuses further calls, waits for those on their way, and closes the connections.
  func shutdown() async {
    let (waiting, keepers) = state.withLock { ($0.machine.close(), $0.keepers) }
    for exchange in waiting { exchange.settle(.failure(Self.closed(exchange))) }
    for keeper in keepers { keeper.cancel() }
    await withCheckedContinuation { continuation in
      let drained = state.withLock { state in
        state.drained = continuation
        return Self.takeDrained(&state)
      }
      drained?.resume()
    }
    let connections = state.withLock { state in
      defer { state.connections = Array(repeating: nil, count: slots) }
      return state.connections
    }
    for connection in connections { connection?.release() }
    for keeper in keepers { await keeper.value }
  }

  private static func takeDrained(_ state: inout State) -> CheckedContinuation<Void, Never>? {
    guard let drained = state.drained, state.machine.inFlight == 0 else { return nil }
    state.drained = nil
    return drained
  }

  private static func full(_ exchange: Exchange) -> DatabaseError {
    DatabaseError(.overloaded, "Too many calls wait for the database.", statement: exchange.name, isSafeToRetry: true)
  }

  private static func tooLate(_ exchange: Exchange) -> DatabaseError {
    DatabaseError(
      .unavailable, "No connection to the database took the call in time.", statement: exchange.name,
      isSafeToRetry: true)
  }

  private static func closed(_ exchange: Exchange) -> DatabaseError {
    DatabaseError(.unavailable, "The database is shut down.", statement: exchange.name, isSafeToRetry: true)
  }
}
