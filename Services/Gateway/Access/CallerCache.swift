import Synchronization

/// Keeps the callers of verified tokens, by the whole token and the revision of access that they were made from.
///
/// Bounded: what was not asked for while half of the capacity was filled anew is forgotten. Only verified tokens come in,
/// so that nobody can push out the others by sending forged ones.
final class CallerCache: Sendable {
  private let half: Int
  private let generations = Mutex(Generations())

  private struct Generations: Sendable {
    var recent: [String: Entry] = [:]
    var older: [String: Entry] = [:]
  }

  private struct Entry: Sendable {
    var revision: Int64
    var value: Authenticator.Authenticated
  }

  init(capacity: Int) {
    half = max(1, capacity / 2)
  }

  /// How many are kept.
  var count: Int { generations.withLock { $0.recent.count + $0.older.count } }

  /// The caller of a token at a revision; a caller made from any other revision is not it.
  subscript(token: String, revision revision: Int64) -> Authenticator.Authenticated? {
    get {
      generations.withLock { generations in
        if let entry = generations.recent[token] { return entry.revision == revision ? entry.value : nil }
        guard let entry = generations.older.removeValue(forKey: token), entry.revision == revision else { return nil }
        insert(entry, of: token, into: &generations)
        return entry.value
      }
    }
    set {
      generations.withLock { generations in
        generations.older[token] = nil
        generations.recent[token] = nil
        guard let newValue else { return }
        insert(Entry(revision: revision, value: newValue), of: token, into: &generations)
      }
    }
  }

  private func insert(_ entry: Entry, of token: String, into generations: inout Generations) {
    if generations.recent.count >= half {
      generations.older = generations.recent
      generations.recent = [:]
    }
    generations.recent[token] = entry
  }
}
