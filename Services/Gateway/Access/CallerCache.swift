import ServiceKit
import Synchronization

/// Keeps the callers of verified tokens, by the whole token and the revision of access that they were made from.
///
/// Bounded. Only verified tokens come in, so that nobody can push out the others by sending forged ones.
final class CallerCache: Sendable {
  private let entries: Mutex<RecentCache<Token, Entry>>

  private struct Token: Sendable, Hashable {
    var bytes: ArraySlice<UInt8>

    func hash(into hasher: inout Hasher) {
      bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
  }

  private struct Entry: Sendable {
    var revision: Int64
    var value: Authenticator.Authenticated
  }

  init(capacity: Int) {
    entries = Mutex(RecentCache(capacity: capacity))
  }

  /// How many are kept.
  var count: Int { entries.withLock { $0.count } }

  /// The caller of a token at a revision; a caller made from any other revision is not it.
  subscript(token: ArraySlice<UInt8>, revision revision: Int64) -> Authenticator.Authenticated? {
    get {
      entries.withLock { entries in
        guard let entry = entries[Token(bytes: token)], entry.revision == revision else { return nil }
        return entry.value
      }
    }
    set {
      // A copy: the slice is of all that the call said.
      let token = Token(bytes: Array(token)[...])
      entries.withLock { $0[token] = newValue.map { Entry(revision: revision, value: $0) } }
    }
  }
}
