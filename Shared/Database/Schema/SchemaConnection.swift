package import Logging

/// The connection of schema operations: makes users' tables, entities' roles and grants, as the schema's owner.
///
/// Each operation connects anew, for they are rare; DDL waits for locks only briefly and is tried again, so that it does
/// not hold up the calls that queue behind it.
package struct SchemaConnection: Sendable {
  /// - Parameter ddl: the service's `…_ddl` login.
  package init(server: ServerAddress, roles: RoleNames, ddl: Login, retry: RetryPolicy = .init(), logger: Logger) {}

  /// Makes the role of an entity, unless there is one. Any copy may call at any time.
  package func ensureEntityRole(_ number: Int64) async throws {}

  /// Runs statements in one transaction as the owner, with a short lock_timeout; tries again on `.lockTimeout`,
  /// deadlock and serialization failure.
  package func run(_ statements: [Statement]) async throws {}

  /// Runs one statement that PostgreSQL refuses in a transaction, such as CREATE INDEX CONCURRENTLY.
  package func runOutsideTransaction(_ statement: Statement, lockTimeout: Duration = .seconds(5)) async throws {}

  /// Runs `body` in a transaction as the owner: checks that belong together with DDL. It is tried again as ``run(_:)``.
  nonisolated(nonsending) package func transaction<Result>(
    _ body: nonisolated(nonsending) (Transaction) async throws -> Result
  ) async throws -> Result {
    throw DatabaseError(.unavailable, "Not connected.")
  }

  /// Gives an entity's role all rights of rows (SELECT, INSERT, UPDATE, DELETE) on users' tables of its own.
  package func grant(tables: [String], toEntity number: Int64) async throws {}
}
