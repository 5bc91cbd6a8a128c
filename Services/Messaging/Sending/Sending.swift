internal import Database
internal import Logging
internal import Mail
internal import RPC
internal import ServiceKit
internal import Values

/// Sends, for as long as the process runs: makes the messages of audiences, claims and hands over, gives up silent workers,
/// completes campaigns.
struct Sending: Sendable {
  /// How often we look, should no notice reach us.
  private static let pause = Duration.seconds(1)
  /// The profiles of an audience that get their messages in one transaction.
  static let gathered = 5_000

  let copy: String
  let connections: Int
  let campaigns: CampaignStore
  let parts: Courier.Parts
  let wakeUp: WakeUp
  let database: Database

  private var time: any TimeSource { parts.time }
  private var queue: SendingQueue { parts.queue }

  /// What runs beside the calls.
  var jobs: [Job] {
    [
      Job("sending notices") { await wakeUp.run(channel: SendingWakeUp.channel, database: database) },
      Job("sending") { try await run() },
      Job("audiences") { try await gather() },
      Job("housekeeping of sending") { try await keepHouse() },
    ]
  }

  /// Works as one worker, until the task is cancelled or the worker was given up.
  private func run() async throws {
    let worker = try await queue.enter(copy: copy)
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await work(as: worker))
    } catch { outcome = .failure(error) }
    // Not in the task that was cancelled: what it claimed should not wait until its row runs out.
    let (queue, now) = (queue, time.now)
    await Task { try? await queue.leave(worker, now: now) }.value
    try outcome.get()
  }

  private func work(as worker: Int64) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.stayAlive(worker) }
      let pile = Pile { wakeUp.wakeAll() }
      for _ in 0..<connections { group.addTask { try await self.deliver(as: worker, from: pile) } }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// The worker was given up: another has its messages.
  private struct GivenUp: Error {}

  private func stayAlive(_ worker: Int64) async throws {
    while true {
      try await time.sleep(for: SendingQueue.life / 3)
      guard try await queue.renew(worker) else { throw GivenUp() }
    }
  }

  private func deliver(as worker: Int64, from pile: Pile) async throws {
    let courier = Courier(worker: worker, parts: parts, pile: pile)
    let waker = wakeUp.subscribe()
    var backoff = Backoff(first: .milliseconds(500), limit: .seconds(30))
    while true {
      do {
        while try await courier.work() { backoff.succeeded() }
        try await waker.wait(atMost: Self.pause, time: time)
      } catch let error as SMTPError {
        // Everything waits again; another time the server may answer.
        parts.logger.warning("cannot send", metadata: ["why": "\(error)"])
        try? await queue.note(obstacle: "\(error)", now: time.now)
        try await time.sleep(for: backoff.failed(randomness: parts.randomness))
      } catch let error as RPCError {
        parts.logger.warning("cannot prepare messages", metadata: ["why": "\(error.code)"])
        let obstacle = "Messages cannot be prepared, because Profiles or DataTables does not answer: \(error.code)."
        try? await queue.note(obstacle: obstacle, now: time.now)
        try await time.sleep(for: backoff.failed(randomness: parts.randomness))
      } catch {
        await courier.close()
        throw error
      }
    }
  }

  private func gather() async throws {
    let waker = wakeUp.subscribe()
    while true {
      while try await campaigns.gather(limit: Self.gathered, now: time.now) { wakeUp.wakeAll() }
      try await waker.wait(atMost: Self.pause, time: time)
    }
  }

  private func keepHouse() async throws {
    while true {
      try await queue.sweep(now: time.now)
      try await campaigns.complete(now: time.now)
      try await time.sleep(for: Self.pause)
    }
  }
}
