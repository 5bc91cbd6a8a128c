internal import Synchronization

/// Versions of scenarios that were read before: they never change.
final class VersionCache: Sendable {
  private struct Key: Hashable, Sendable {
    let scenario: Int64
    let version: Int64
  }

  private static let capacity = 500

  private let store: ScenarioStore
  private let known = Mutex<[Key: ScenarioVersion]>([:])

  init(store: ScenarioStore) {
    self.store = store
  }

  /// Nil when the scenario is gone.
  func version(_ version: Int64, of scenario: Int64) async throws -> ScenarioVersion? {
    let key = Key(scenario: scenario, version: version)
    if let found = known.withLock({ $0[key] }) { return found }
    guard let read = try await store.version(version, of: scenario) else { return nil }
    known.withLock { known in
      if known.count >= Self.capacity { known.removeAll() }
      known[key] = read
    }
    return read
  }
}
