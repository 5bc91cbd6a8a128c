import Logging
import Synchronization

/// Where all connections of a process to its server are made; decides by ``DoorMachine`` when.
final class Door: Sendable {
  private struct State {
    var machine = DoorMachine()
    var waiters: [UInt64: CheckedContinuation<DoorMachine.Answer, Never>] = [:]
    /// Called before they had begun to wait.
    var called: [UInt64: DoorMachine.Answer] = [:]
    var lastID: UInt64 = 0
    var refusal: DatabaseError?
  }

  private let retry: RetryPolicy
  private let logger: Logger
  private let state = Mutex(State())

  init(retry: RetryPolicy, logger: Logger) {
    self.retry = retry
    self.logger = logger
  }

  /// Why the server let nobody in when it was last tried; nil when it did.
  var refusal: DatabaseError? { state.withLock { $0.refusal } }

  /// Makes a connection: at once, or when it is this caller's turn to try whether the server is back.
  ///
  /// Callers try again at once: the pauses are made here.
  ///
  /// - Parameter deadline: until when the caller waits for its turn.
  /// - Throws: ``DatabaseError`` of one attempt, or of the last one of others; `CancellationError`.
  func open(
    _ parameters: ConnectionParameters, slot: LaneSlot? = nil,
    notifications: AsyncStream<ChannelMessage>.Continuation? = nil, until deadline: ContinuousClock.Instant? = nil
  ) async throws -> Connection {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    do {
      try await waitForTurn(id, until: deadline)
      let connection = try await Connection.open(
        parameters, slot: slot, notifications: notifications, logger: logger)
      happened { state in
        state.refusal = nil
        return state.machine.letIn(id)
      }
      return connection
    } catch let error as DatabaseError {
      happened { state in
        state.refusal = error
        return state.machine.refused(id)
      }
      throw error
    } catch let error as NotCalled {
      happened { $0.machine.gone(id) }
      throw error.refusal
    } catch {
      happened { $0.machine.gone(id) }
      throw error
    }
  }

  /// Nobody knew in time whether the server is back.
  private struct NotCalled: Error {
    let refusal: DatabaseError
  }

  private func waitForTurn(_ id: UInt64, until deadline: ContinuousClock.Instant?) async throws {
    switch await turn(id, until: deadline) {
    case .goIn: break
    case .knock(let failures):
      let pause = retry.pause(afterAttempt: failures)
      if let deadline, .now + pause > deadline { throw notCalled }
      try await retry.sleep(pause)
    case .wait:
      try Task.checkCancellation()
      throw notCalled
    }
    try Task.checkCancellation()
  }

  private var notCalled: NotCalled {
    NotCalled(
      refusal: refusal
        ?? DatabaseError(.unavailable, "No connection could be made in time.", isSafeToRetry: true))
  }

  /// Waits to be called; gives `.wait` when that takes too long, or the caller is cancelled.
  private func turn(_ id: UInt64, until deadline: ContinuousClock.Instant?) async -> DoorMachine.Answer {
    let answer = state.withLock { $0.machine.came(id) }
    guard answer == .wait else { return answer }
    let timer = deadline.map { deadline in
      Task {
        try await Task.sleep(until: deadline, clock: .continuous)
        giveUp(id)
      }
    }
    defer { timer?.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let called = state.withLock { state -> DoorMachine.Answer? in
          if let called = state.called.removeValue(forKey: id) { return called }
          state.waiters[id] = continuation
          return nil
        }
        if let called { continuation.resume(returning: called) }
      }
    } onCancel: {
      giveUp(id)
    }
  }

  /// What it was called to meanwhile, it must pass on.
  private func giveUp(_ id: UInt64) {
    happened { state in
      [DoorMachine.Call(id: id, answer: .wait)] + state.machine.gone(id)
    }
  }

  private func happened(_ event: (inout State) -> [DoorMachine.Call]) {
    let ready = state.withLock { state in
      event(&state).compactMap { call -> (CheckedContinuation<DoorMachine.Answer, Never>, DoorMachine.Answer)? in
        if let waiter = state.waiters.removeValue(forKey: call.id) { return (waiter, call.answer) }
        state.called[call.id] = call.answer
        return nil
      }
    }
    for (waiter, answer) in ready { waiter.resume(returning: answer) }
  }
}

/// Tries again after ``DatabaseError``s of a ``Door``, which makes the pauses, until `deadline`.
func retrying<Result: Sendable>(
  until deadline: ContinuousClock.Instant, _ body: () async throws -> Result
) async throws -> Result {
  while true {
    do {
      return try await body()
    } catch let error as DatabaseError {
      guard ContinuousClock.now < deadline else { throw error }
    }
  }
}
