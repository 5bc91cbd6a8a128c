package import Database
internal import Synchronization

/// Sees to it that the role of an entity exists before it is taken: an entity may ask before it has made anything.
package final class EntityRoles: Sendable {
  private let schema: SchemaConnection
  private let known = Mutex<Set<Int64>>([])

  /// - Parameter schema: makes the roles.
  package init(schema: SchemaConnection) {
    self.schema = schema
  }

  /// Makes the role of an entity, unless this process knows that there is one.
  package func ensure(_ entity: Int64) async throws {
    if known.withLock({ $0.contains(entity) }) { return }
    try await schema.ensureEntityRole(entity)
    known.withLock { _ = $0.insert(entity) }
  }
}
