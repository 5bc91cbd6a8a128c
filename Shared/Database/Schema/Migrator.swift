package import Logging

/// Brings a service's schema to the newest version.
package struct Migrator: Sendable {
  private let roles: RoleNames
  private let lockTimeout: Duration
  private let runner: TransactionRunner

  /// - Parameters:
  ///   - ddl: the service's `…_ddl` login.
  ///   - lockTimeout: how long one try of a migration waits for a lock. Default 2 s.
  package init(
    server: ServerAddress, roles: RoleNames, ddl: Login, lockTimeout: Duration = .seconds(2),
    retry: RetryPolicy = .schema, logger: Logger
  ) {
    self.roles = roles
    self.lockTimeout = lockTimeout
    var limits = LeaseLimits()
    limits.idleConnections = 1
    limits.idleLife = .zero
    limits.waitTimeout = .seconds(30)
    let parameters = ConnectionParameters(server: server, login: ddl, purpose: .schema)
    runner = TransactionRunner(
      pool: LeasePool(parameters, limits: limits, door: Door(retry: retry, logger: logger)),
      shapes: ShapeCache(capacity: 16),
      roles: roles, retry: retry)
  }

  /// Runs what is missing of `migrations`, each in its own transaction, and records it with its checksum.
  ///
  /// Copies may call at once: one works, the others wait and find nothing to do. A migration that does not get a lock in
  /// time is tried again. Called once.
  ///
  /// - Throws: ``DatabaseError`` `.misuse` when numbers have gaps, when one that has run was edited since, or when the
  ///   database is newer than this list; what a migration throws.
  package nonisolated(nonsending) func migrate(_ migrations: [Migration]) async throws {
    defer { runner.pool.shutdown() }
    for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
      throw DatabaseError(.misuse, "Migrations are numbered from 1 without gaps: \(migration.number) is out of order.")
    }
    try await locked { try await $0.define([Self.createHistory]) }
    for migration in migrations { try await run(migration) }
    try await locked { transaction in
      let newest = try await transaction.execute(Self.newest)[0].int(0)
      guard newest <= migrations.count else {
        throw DatabaseError(.misuse, "The database has migration \(newest), which this version does not know.")
      }
    }
  }

  private nonisolated(nonsending) func run(_ migration: Migration) async throws {
    let identity: [SQLValue] = [.int(Int64(migration.number)), .text(migration.name), .text(migration.sql)]
    try await locked { transaction in
      if let known = try await transaction.execute(Self.compare, identity).first {
        guard try known.bool(0) else {
          throw DatabaseError(.misuse, "Migration \(migration.number) was edited after it had run.")
        }
        return
      }
      // Only from here on: the wait for another copy may be long.
      try await transaction.define([
        Statement(name: "migrations.lockTimeout", sql: "set local lock_timeout = \(lockTimeout.settingInMilliseconds)")
      ])
      try await transaction.define(
        script: try migration.script(for: roles), name: "migration \(migration.number) \(migration.name)")
      try await transaction.execute(Self.record, identity)
    }
  }

  /// A transaction as the owner that no other migrator of this service runs beside.
  private nonisolated(nonsending) func locked(
    _ body: nonisolated(nonsending) (Transaction) async throws -> Void
  ) async throws {
    try await runner.run(opening: "begin", role: .owner, timeout: nil, retries: [.lockTimeout]) { transaction in
      try await transaction.execute(Self.lock, [.text("rapport migrations of \(roles.service)")])
      try await body(transaction)
    }
  }

  private static let lock = Statement(
    name: "migrations.lock", sql: "select pg_advisory_xact_lock(hashtextextended($1, 0))")

  private static let createHistory = Statement(
    name: "migrations.createHistory",
    sql: """
      create table if not exists migrations (
        number integer primary key,
        name text not null,
        checksum bytea not null,
        run_at timestamptz not null default now()
      )
      """)

  private static let compare = Statement(
    name: "migrations.compare",
    sql: """
      select checksum = sha256(convert_to($2::text || E'\\n' || $3::text, 'UTF8'))
      from migrations
      where number = $1
      """)

  private static let record = Statement(
    name: "migrations.record",
    sql: """
      insert into migrations (number, name, checksum)
      values ($1, $2, sha256(convert_to($2::text || E'\\n' || $3::text, 'UTF8')))
      """)

  private static let newest = Statement(
    name: "migrations.newest", sql: "select coalesce(max(number), 0) from migrations")
}
