internal import Database
internal import Synchronization

/// Puts the transactions of many callers together: while some are committed, those that come are gathered, and then are
/// one transaction. So the more callers there are, the less each costs.
final class GroupCommit: Sendable {
  /// How many transactions are on their way at once: one is made ready while another waits for the disk.
  private static let most = 2

  typealias Work = [(Statement, [SQLValue])]

  private struct Entry {
    let work: Work
    let waiter: CheckedContinuation<[[Row]], any Error>
  }

  private struct State {
    var waiting: [Entry] = []
    var running = 0
  }

  private let database: Database
  private let state = Mutex(State())

  init(database: Database) {
    self.database = database
  }

  /// Runs statements in one transaction, perhaps with others'; gives each one's rows.
  ///
  /// It does not heed the task's cancellation. When the connection is lost, they are run again, so twice must be as once.
  ///
  /// - Throws: what is wrong with these statements, or what keeps any from being run.
  func run(_ work: Work) async throws -> [[Row]] {
    try await withCheckedThrowingContinuation { waiter in
      let isFree = state.withLock { state in
        state.waiting.append(Entry(work: work, waiter: waiter))
        guard state.running < Self.most else { return false }
        state.running += 1
        return true
      }
      if isFree { Task { await self.commitWaiting() } }
    }
  }

  private func commitWaiting() async {
    while let entries = next() { await commit(entries) }
  }

  private func next() -> [Entry]? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.running -= 1
        return nil
      }
      defer { state.waiting = [] }
      return state.waiting
    }
  }

  private func commit(_ entries: [Entry]) async {
    do {
      var rows = try await database.write(pipelined: entries.flatMap(\.work), as: .worker)[...]
      for entry in entries {
        entry.waiter.resume(returning: Array(rows.prefix(entry.work.count)))
        rows = rows.dropFirst(entry.work.count)
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
      let rows = try await database.transaction(as: .worker) { try await $0.execute(pipelined: entry.work) }
      entry.waiter.resume(returning: rows)
    } catch {
      entry.waiter.resume(throwing: error)
    }
  }
}
