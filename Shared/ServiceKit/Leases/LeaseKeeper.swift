package import Database
package import Logging
import RPC
import Synchronization

/// Runs work while this copy holds a lease, and again whenever it gets it back.
package struct LeaseKeeper: Sendable {
  private let lease: Lease
  private let holder: String
  private let database: Database
  private let time: any TimeSource
  private let logger: Logger

  /// - Parameter holder: tells this copy of the service from the others.
  package init(lease: Lease, holder: String, database: Database, time: any TimeSource, logger: Logger) {
    self.lease = lease
    self.holder = holder
    self.database = database
    self.time = time
    self.logger = logger
  }

  /// Runs until the task is cancelled.
  ///
  /// - Parameter work: gets the fencing number. It is cancelled when the lease is lost, and started again when it ends
  ///   while the lease is held. What it throws is logged.
  package func run(_ work: @escaping @Sendable (_ fence: Int64) async throws -> Void) async throws {
    var machine = LeaseMachine(length: lease.length, now: time.monotonic)
    var running: Task<Void, Never>?
    do {
      while true {
        try await time.sleep(until: machine.nextTick)
        switch await step(&machine) {
        case .begin(let fence):
          running = start(work, fence)
        case .stop:
          running?.cancel()
          await running?.value
          running = nil
        case .none, .acquire, .renew:
          break
        }
      }
    } catch {
      running?.cancel()
      await running?.value
      if let fence = machine.fence {
        // Not in this task, which is cancelled: the statement would not be sent.
        await Task { try? await lease.release(fence: fence, in: database) }.value
      }
      throw error
    }
  }

  /// Asks the machine, and the database for it.
  private func step(_ machine: inout LeaseMachine) async -> LeaseMachine.Action {
    let now = time.monotonic
    let action = machine.tick(now: now)
    switch action {
    case .acquire:
      do {
        if let fence = try await lease.acquire(holder: holder, in: database) {
          return machine.acquired(fence: fence, askedAt: now)
        }
      } catch {
        logger.warning("lease not acquired", error: error, metadata: ["lease": "\(lease.name)"])
      }
      machine.notAcquired(now: time.monotonic)
      return .none
    case .renew(let fence):
      do {
        if try await lease.renew(fence: fence, in: database) {
          machine.renewed(askedAt: now)
          return .none
        }
        return machine.lost(now: time.monotonic)
      } catch {
        logger.warning("lease not renewed", error: error, metadata: ["lease": "\(lease.name)"])
        machine.renewalFailed(now: time.monotonic)
        return .none
      }
    case .none, .begin, .stop:
      return action
    }
  }

  private func start(_ work: @escaping @Sendable (Int64) async throws -> Void, _ fence: Int64) -> Task<Void, Never> {
    let (time, logger, name) = (time, logger, lease.name)
    return Task {
      var backoff = Backoff()
      while !Task.isCancelled {
        do {
          try await work(fence)
          backoff.succeeded()
        } catch is CancellationError {
          return
        } catch is LeaseLost {
          return
        } catch {
          logger.error("work under a lease failed", error: error, metadata: ["lease": "\(name)"])
        }
        try? await time.sleep(for: backoff.failed(randomness: SystemRandomness()))
      }
    }
  }
}
