internal import ServiceKit
internal import Synchronization
internal import Values

/// Definitions as this process has read them last. One may have been changed or deleted since then, by another copy too:
/// whoever works with it has its ``ProfileTableDefinition/revision`` compared by the statement that does the work.
final class KnownProfileTables: Sendable {
  private struct Key: Hashable {
    let entity: Int64
    let id: String
  }

  private let tables = Mutex(RecentCache<Key, ProfileTableDefinition>(capacity: 1_000))

  /// The table of an id, if it was read before.
  func find(_ id: String, entity: Int64) -> ProfileTableDefinition? {
    tables.withLock { $0[Key(entity: entity, id: id)] }
  }

  /// Keeps a definition that was just read.
  func remember(_ table: ProfileTableDefinition, id: String) {
    tables.withLock { $0[Key(entity: table.entity, id: id)] = table }
  }
}

extension ProfileTableDefinition {
  /// Tells a definition from all that the table has had or will have.
  struct Revision: Sendable, Hashable {
    /// Grows with each change.
    let version: Int64
    /// For a table that was deleted and made again, whose versions begin again.
    let updatedAt: Timestamp
  }
}
