package import Logging

/// Brings a service's schema to the newest version.
package struct Migrator: Sendable {
  /// - Parameter ddl: the service's `…_ddl` login.
  package init(server: ServerAddress, roles: RoleNames, ddl: Login, logger: Logger) {}

  /// Runs what is missing of `migrations`, each in its own transaction, and records it with its checksum.
  ///
  /// Copies may call at once: one works, the others wait and find nothing to do.
  ///
  /// - Throws: ``DatabaseError`` `.misuse` when numbers have gaps, when one that has run was edited since, or when the
  ///   database is newer than this list; what a migration throws.
  package func migrate(_ migrations: [Migration]) async throws {}
}
