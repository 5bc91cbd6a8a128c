package import Database
import Synchronization

/// Wakes whoever waits in this process when PostgreSQL notifies a channel.
package final class WakeUp: Sendable {
  private let waiting = Mutex<(next: Int, streams: [Int: AsyncStream<Void>.Continuation])>((0, [:]))

  /// Nobody waits yet.
  package init() {}

  /// Listens until the task is cancelled.
  package func run(channel: String, database: Database) async {
    for await _ in database.listen(to: channel) {
      wakeAll()
    }
  }

  /// Wakes all who wait, and those who look the next time they wait.
  package func wakeAll() {
    for continuation in waiting.withLock({ Array($0.streams.values) }) {
      continuation.yield()
    }
  }

  /// Someone who waits. What happens from now on wakes it, also while it does not wait.
  package func subscribe() -> Waker {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let id = waiting.withLock { state in
      state.next += 1
      state.streams[state.next] = continuation
      return state.next
    }
    continuation.onTermination = { [weak self] _ in
      self?.waiting.withLock { _ = $0.streams.removeValue(forKey: id) }
    }
    return Waker(stream: stream, continuation: continuation)
  }

  /// One that waits.
  package final class Waker: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation) {
      self.stream = stream
      self.continuation = continuation
    }

    deinit {
      continuation.finish()
    }

    /// Waits until woken, or for a time. It returns at once when it was woken since it last waited.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func wait(atMost longest: Duration, time: any TimeSource) async throws {
      let stream = stream
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for await _ in stream {
            return
          }
        }
        group.addTask { try await time.sleep(for: longest) }
        defer { group.cancelAll() }
        try await group.next()
      }
      try Task.checkCancellation()
    }
  }
}
