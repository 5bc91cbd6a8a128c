internal import Logging
internal import RPC
internal import ServiceKit

/// Moves the executions that are due, for as long as it runs. Any number of copies share them.
struct ExecutionWorker: Sendable {
  /// How many executions are worked on at once by one loop.
  private static let batch = 64
  /// The longest until it looks again, when nothing wakes it.
  private static let pause = Duration.milliseconds(500)

  let store: ExecutionStore
  let versions: VersionCache
  let taker: StepTaker
  let time: any TimeSource
  let logger: Logger

  /// Runs until the task is cancelled.
  ///
  /// - Parameter waker: wakes it when something begins.
  func run(_ waker: Waker) async throws {
    while true {
      if try await workOnce() < Self.batch { try await waker.wait(atMost: Self.pause, time: time) }
    }
  }

  /// Takes a batch of executions that are due, and moves each as far as it goes.
  ///
  /// - Returns: how many there were.
  @discardableResult
  func workOnce() async throws -> Int {
    let due = try await store.claimDue(limit: Self.batch, now: time.now)
    await withTaskGroup { group in
      for execution in due { group.addTask { await work(execution) } }
    }
    if Task.isCancelled && !due.isEmpty {
      // Not in this task, which is cancelled: the statement would not be sent.
      await Task { try? await store.release(due) }.value
    }
    try Task.checkCancellation()
    return due.count
  }

  /// A failure of the database leaves the execution where it was last stored; it is due again when its lease runs out.
  private func work(_ execution: ExecutionRecord) async {
    do {
      var next: ExecutionRecord? = execution
      while let standing = next {
        guard let version = try await versions.version(standing.version, of: standing.scenario) else { return }
        let settlement = try await taker.take(standing, on: version)
        if case .again = settlement {
          logger.notice(
            "a step is tried again", metadata: ["execution": "\(standing.number)", "step": "\(standing.step)"])
        }
        next = try await store.settle(standing, settlement, now: time.now)
      }
    } catch  where Task.isCancelled {
      // The process stops; whoever takes the execution on next goes on where it was last stored.
    } catch {
      logger.warning("an execution stands still", error: error, metadata: ["execution": "\(execution.number)"])
    }
  }
}
