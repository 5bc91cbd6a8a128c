package import Database
import Synchronization

/// Wakes whoever waits in this process when PostgreSQL notifies a channel.
package final class WakeUp: Sendable {
  private let wakers = Mutex<[ObjectIdentifier: WeakWaker]>([:])

  private struct WeakWaker: Sendable {
    weak let waker: Waker?
  }

  /// Nobody waits yet.
  package init() {}

  /// Listens until the task is cancelled.
  package func run(channel: String, database: Database) async {
    for await _ in database.listen(to: channel) {
      wakeAll()
    }
  }

  /// Wakes all who wait, and those who wait next.
  package func wakeAll() {
    for waker in wakers.withLock({ $0.values.compactMap(\.waker) }) {
      waker.wake()
    }
  }

  /// Someone who waits. What happens from now on wakes it, also while it does not wait. It is forgotten when it is
  /// released.
  package func subscribe() -> Waker {
    let waker = Waker()
    wakers.withLock { wakers in
      wakers = wakers.filter { $0.value.waker != nil }
      wakers[ObjectIdentifier(waker)] = WeakWaker(waker: waker)
    }
    return waker
  }
}

/// One that waits; one task at a time does.
package final class Waker: Sendable {
  private struct State {
    var isWoken = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Ends the present wait, or the next.
  func wake() {
    let waiting = state.withLock { state in
      defer { state.waiting = nil }
      state.isWoken = state.waiting == nil
      return state.waiting
    }
    waiting?.resume()
  }

  /// Waits until woken, or for a time. It returns at once when it was woken since it last waited.
  ///
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  package func wait(atMost longest: Duration, time: any TimeSource) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.untilWoken() }
      group.addTask { try await time.sleep(for: longest) }
      defer { group.cancelAll() }
      try await group.next()
    }
    try Task.checkCancellation()
  }

  // Not an AsyncStream: cancelling a task that waits for one ends the stream for good.
  private func untilWoken() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.isWoken {
            state.isWoken = false
            return true
          }
          state.waiting = continuation
          return false
        }
        if isOver {
          continuation.resume()
        } else if Task.isCancelled {
          giveUp()
        }
      }
    } onCancel: {
      giveUp()
    }
  }

  private func giveUp() {
    let waiting = state.withLock { state in
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume()
  }
}
