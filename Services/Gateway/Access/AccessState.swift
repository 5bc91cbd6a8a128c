import Database
import Logging
import RPC
import ServiceKit
import Synchronization

/// What this copy of the gateway knows of who may do what, never older than ``AccessWatch/lifetime``.
///
/// ``run()`` keeps it up to date until its task is cancelled; it looks on notice from PostgreSQL, by the clock, and
/// when somebody asks. When the database does not answer, the state becomes stale and every question is refused with
/// UNAVAILABLE: nobody gets in on rights that may have been taken away.
final class AccessState: Sendable {
  private let store: AccessStore
  private let time: any TimeSource
  private let logger: Logger
  private let state = Mutex(State())
  private let commands: AsyncStream<Command>
  private let commandWriter: AsyncStream<Command>.Continuation

  private struct State: Sendable {
    var watch = AccessWatch()
    var view: AccessView?
    var askers: [Int: CheckedContinuation<Void, Never>] = [:]
    var lastAsker = 0
    var mustReload = true
    var isRunning = false
    var isFailing = false
  }

  /// What the running task does for the machine, which must not do it under the lock.
  private enum Command: Sendable {
    case look(Int)
    case giveUp(Int)
    case ended(Int)
  }

  /// How often the machine hears the clock: with ``AccessWatch/interval`` it looks at least every 300 ms.
  private static let tick = Duration.milliseconds(100)

  /// A state that has seen nothing yet.
  init(store: AccessStore, time: any TimeSource, logger: Logger) {
    self.store = store
    self.time = time
    self.logger = logger
    (commands, commandWriter) = AsyncStream.makeStream()
  }

  /// What holds now.
  ///
  /// - Throws: ``RPCError`` UNAVAILABLE, reason `ACCESS_UNKNOWN`, when the last good look is too old.
  func current() throws(RPCError) -> AccessView {
    let now = time.monotonic
    let view = state.withLock { $0.watch.isFresh(at: now) ? $0.view : nil }
    guard let view else { throw .accessUnknown }
    return view
  }

  /// Decides by what holds now, and before it refuses, by what another look finds: what is missing may just have been
  /// granted at another copy. Whether an entity exists makes no difference to how long a refusal takes.
  ///
  /// - Throws: what `decide` throws.
  func deciding<Result>(_ decide: () throws(RPCError) -> Result) async throws(RPCError) -> Result {
    do {
      return try decide()
    } catch {
      guard error.isDecidedByView else { throw error }
    }
    await look()
    return try decide()
  }

  /// Looks once, before ``run()`` does: so that the first call need not wait.
  func prime() async {
    let now = time.monotonic
    for case .look(let number) in state.withLock({ $0.watch.woken(at: now) }) { await perform(look: number) }
  }

  /// Waits for a look that begins after this call: what was committed before it is known then, unless the look failed.
  ///
  /// Any number of callers share a look. Returns at once while nothing runs.
  func look() async {
    await withCheckedContinuation { continuation in
      let now = time.monotonic
      let actions: [AccessWatch.Action]? = state.withLock { state in
        guard state.isRunning else { return nil }
        state.lastAsker += 1
        state.askers[state.lastAsker] = continuation
        return state.watch.asked(by: state.lastAsker, at: now)
      }
      if let actions { act(actions) } else { continuation.resume() }
    }
  }

  /// Keeps the state up to date until the task is cancelled. To be called once.
  func run() async {
    state.withLock { $0.isRunning = true }
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await self.tellTime() }
      tasks.addTask { await self.listen() }
      tasks.addTask { await self.obey() }
      await tasks.next()
      tasks.cancelAll()
    }
    let left = state.withLock { state in
      state.isRunning = false
      defer { state.askers = [:] }
      return state.askers.values
    }
    for asker in left { asker.resume() }
  }

  private func tellTime() async {
    while !Task.isCancelled {
      happened { $0.ticked(at: $1) }
      try? await time.sleep(for: Self.tick)
    }
  }

  private func listen() async {
    for await notification in store.database.listen(to: AccessStore.channel) {
      if notification == .reconnected {
        // The server may have come back with an older state, whose revision need not differ.
        state.withLock { $0.mustReload = true }
      }
      happened { $0.woken(at: $1) }
    }
    // The database is being shut down; the clock goes on until the task is cancelled.
    while !Task.isCancelled { try? await time.sleep(for: .seconds(3_600)) }
  }

  private func obey() async {
    var looks: [Int: Task<Void, Never>] = [:]
    for await command in commands {
      switch command {
      case .look(let number): looks[number] = Task { await self.perform(look: number) }
      case .giveUp(let number): looks.removeValue(forKey: number)?.cancel()
      case .ended(let number): looks[number] = nil
      }
    }
    for look in looks.values { look.cancel() }
  }

  private func perform(look number: Int) async {
    let known = state.withLock { $0.mustReload ? nil : $0.view?.revision }
    do {
      let revision = try await store.revision()
      let view = revision == known ? nil : try await store.load()
      ended(look: number, view: view, error: nil)
    } catch {
      ended(look: number, view: nil, error: error)
    }
    commandWriter.yield(.ended(number))
  }

  private func ended(look number: Int, view: AccessView?, error: (any Error)?) {
    let now = time.monotonic
    let (actions, turned) = state.withLock { state in
      let counts = state.watch.awaits(number)
      if counts, let view {
        state.view = view
        state.mustReload = false
      }
      let turned = counts && state.isFailing != (error != nil)
      if counts { state.isFailing = error != nil }
      return (state.watch.lookEnded(number, succeeded: error == nil, at: now), turned)
    }
    // Once when it begins and once when it is over, not with every look.
    if turned, let error {
      logger.error("access cannot be read; calls are refused until it can", error: error)
    } else if turned {
      logger.info("access can be read again")
    }
    act(actions)
  }

  private func happened(_ event: (inout AccessWatch, AccessWatch.Instant) -> [AccessWatch.Action]) {
    let now = time.monotonic
    act(state.withLock { event(&$0.watch, now) })
  }

  private func act(_ actions: [AccessWatch.Action]) {
    for action in actions {
      switch action {
      case .look(let number): commandWriter.yield(.look(number))
      case .giveUp(let number): commandWriter.yield(.giveUp(number))
      case .answer(let askers):
        let continuations = state.withLock { state in askers.compactMap { state.askers.removeValue(forKey: $0) } }
        for continuation in continuations { continuation.resume() }
      }
    }
  }
}
