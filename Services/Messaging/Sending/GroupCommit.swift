internal import Database
internal import RPC
internal import Synchronization

/// What callers of a ``GroupCommit`` have to write down.
protocol GroupedWork: Sendable {
  /// What each of them learns.
  associatedtype Outcome: Sendable

  /// The statements of a transaction that writes all of it down.
  static func statements(for work: [Self]) -> [(Statement, [SQLValue])]

  /// What each caller learns from what the statements gave, in the order of `work`.
  static func outcomes(of work: [Self], _ rows: [[Row]]) throws -> [Outcome]
}

/// Puts the transactions of many callers together: while one is committed, those that come are gathered, and then are
/// the next. So the more callers there are, the less each costs.
final class GroupCommit<Work: GroupedWork>: Sendable {
  private struct Entry {
    let work: Work
    let waiter: CheckedContinuation<Work.Outcome, any Error>
  }

  private struct State {
    var waiting: [Entry] = []
    var isRunning = false
  }

  private let database: Database
  private let state = Mutex(State())

  init(database: Database) {
    self.database = database
  }

  /// Writes work down in one transaction, perhaps with others'.
  ///
  /// It does not heed the task's cancellation. When the connection is lost, it is written again, so twice must be as once.
  ///
  /// - Throws: what is wrong with this work, or what keeps any from being written.
  func run(_ work: Work) async throws -> Work.Outcome {
    try await withCheckedThrowingContinuation { waiter in
      let isFree = state.withLock { state in
        state.waiting.append(Entry(work: work, waiter: waiter))
        defer { state.isRunning = true }
        return !state.isRunning
      }
      // On the caller's event loop, where it waits behind no rendering.
      if isFree { Task(executorPreference: LoopExecutor.current) { await self.commitWaiting() } }
    }
  }

  private func commitWaiting() async {
    while let entries = next() { await commit(entries) }
  }

  private func next() -> [Entry]? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isRunning = false
        return nil
      }
      defer { state.waiting = [] }
      return state.waiting
    }
  }

  private func commit(_ entries: [Entry]) async {
    do {
      let work = entries.map(\.work)
      let rows = try await database.write(pipelined: Work.statements(for: work), as: .worker)
      for (entry, outcome) in zip(entries, try Work.outcomes(of: work, rows)) {
        entry.waiter.resume(returning: outcome)
      }
    } catch is DatabaseError {
      // One is at fault, or waits for a lock, and the others shall not suffer for it; or the connection was lost.
      await commitEach(entries)
    } catch {
      for entry in entries { entry.waiter.resume(throwing: error) }
    }
  }

  private func commitEach(_ entries: [Entry]) async {
    await withTaskGroup { group in
      for entry in entries { group.addTask { await self.commit(entry) } }
    }
  }

  private func commit(_ entry: Entry) async {
    do {
      let work = [entry.work]
      let rows = try await database.transaction(as: .worker) {
        try await $0.execute(pipelined: Work.statements(for: work))
      }
      entry.waiter.resume(returning: try Work.outcomes(of: work, rows)[0])
    } catch {
      entry.waiter.resume(throwing: error)
    }
  }
}
