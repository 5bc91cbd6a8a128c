import ServiceKit
import Synchronization
package import Values

/// A clock that stands still until a test moves it. Wall clock and monotonic clock move together.
package final class ManualTime: TimeSource {
  private struct Sleeper {
    var id: Int
    var instant: ContinuousClock.Instant
    var continuation: CheckedContinuation<Void, any Error>
  }

  private struct Watcher {
    var count: Int
    var continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var now: Timestamp
    var monotonic: ContinuousClock.Instant
    var nextID = 0
    var sleepers: [Sleeper] = []
    var watchers: [Watcher] = []
    var cancelled: Set<Int> = []
  }

  private let state: Mutex<State>

  /// A clock that stands at 2026-03-01T12:00:00Z, or at another instant.
  package init(_ now: Timestamp? = nil) {
    let start = now ?? Timestamp.epoch.advanced(by: .seconds(1_772_366_400))
    state = Mutex(State(now: start, monotonic: ContinuousClock.now))
  }

  /// The wall clock.
  package var now: Timestamp { state.withLock { $0.now } }

  /// The monotonic clock.
  package var monotonic: ContinuousClock.Instant { state.withLock { $0.monotonic } }

  /// Waits until the clock is moved to an instant.
  package func sleep(until instant: ContinuousClock.Instant) async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        add(Sleeper(id: id, instant: instant, continuation: continuation))
      }
    } onCancel: {
      cancel(id)
    }
  }

  /// Moves the clock and wakes who is due.
  package func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      state.monotonic = state.monotonic.advanced(by: duration)
      let due = state.sleepers.filter { $0.instant <= state.monotonic }
      state.sleepers.removeAll { $0.instant <= state.monotonic }
      return due
    }
    for sleeper in due {
      sleeper.continuation.resume()
    }
  }

  /// Sets the wall clock to an instant, before or behind; the monotonic clock stands still.
  package func jump(to instant: Timestamp) {
    state.withLock { $0.now = instant }
  }

  /// Waits until that many tasks wait for the clock.
  package func untilSleeping(_ count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isReached = state.withLock { state in
        if state.sleepers.count >= count {
          return true
        }
        state.watchers.append(Watcher(count: count, continuation: continuation))
        return false
      }
      if isReached {
        continuation.resume()
      }
    }
  }

  private func add(_ sleeper: Sleeper) {
    enum Outcome { case due, cancelled, waits([Watcher]) }
    let outcome: Outcome = state.withLock { state in
      if state.cancelled.remove(sleeper.id) != nil {
        return .cancelled
      }
      if sleeper.instant <= state.monotonic {
        return .due
      }
      state.sleepers.append(sleeper)
      let reached = state.watchers.filter { $0.count <= state.sleepers.count }
      state.watchers.removeAll { $0.count <= state.sleepers.count }
      return .waits(reached)
    }
    switch outcome {
    case .due: sleeper.continuation.resume()
    case .cancelled: sleeper.continuation.resume(throwing: CancellationError())
    case .waits(let watchers): watchers.forEach { $0.continuation.resume() }
    }
  }

  private func cancel(_ id: Int) {
    let sleeper = state.withLock { state -> Sleeper? in
      guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
        state.cancelled.insert(id)
        return nil
      }
      return state.sleepers.remove(at: index)
    }
    sleeper?.continuation.resume(throwing: CancellationError())
  }
}
