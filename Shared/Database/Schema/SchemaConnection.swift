package import Logging

/// The connection of schema operations: makes users' tables, entities' roles and grants, as the schema's owner.
///
/// Each operation connects anew, for they are rare. DDL waits for locks only briefly and is tried again, so that it does
/// not hold up the calls that queue behind it.
package struct SchemaConnection: Sendable {
  private let runner: TransactionRunner
  private let roles: RoleNames
  private let pool: LeasePool

  /// - Parameters:
  ///   - ddl: the service's `…_ddl` login.
  ///   - lockTimeout: how long one try waits for a lock. Default 1 s.
  ///   - retry: default 10 attempts with pauses from 50 ms to 2 s.
  package init(
    server: ServerAddress, roles: RoleNames, ddl: Login, lockTimeout: Duration = .seconds(1),
    retry: RetryPolicy = .schema, logger: Logger
  ) {
    var parameters = ConnectionParameters(server: server, login: ddl, purpose: .schema)
    parameters.settings = [("lock_timeout", lockTimeout.settingInMilliseconds)]
    self.init(parameters, roles: roles, retry: retry, logger: logger)
  }

  init(_ parameters: ConnectionParameters, roles: RoleNames, retry: RetryPolicy, logger: Logger) {
    var limits = LeaseLimits()
    limits.idleConnections = 0
    limits.idleLife = .zero
    limits.waitTimeout = .seconds(30)
    self.roles = roles
    pool = LeasePool(parameters, limits: limits, door: Door(retry: retry, logger: logger))
    runner = TransactionRunner(pool: pool, shapes: ShapeCache(capacity: 64), roles: roles, retry: retry)
  }

  /// Makes the role of an entity, unless there is one, and lets the login of calls take it. Any copy may call at any
  /// time.
  ///
  /// - Throws: ``DatabaseError`` `.invalidValue` for a number below 1.
  package nonisolated(nonsending) func ensureEntityRole(_ number: Int64) async throws {
    guard number >= 1 else { throw DatabaseError(.invalidValue, "An entity's number is 1 or more.") }
    let ensure = Statement(
      name: "schema.ensureEntityRole",
      sql: "select \(Provisioner.schema).\(try quoted(Provisioner.ensureFunction(of: roles)))($1)")
    // Roles are of the whole cluster: another database's copy may be making its own in the same catalog.
    let rivals: Set<DatabaseError.Kind> = [.lockTimeout, .duplicateObject, .uniqueViolation, .other]
    try await runner.run(opening: "begin", role: .none, timeout: nil, retries: rivals) { transaction in
      _ = try await transaction.execute(ensure, [.int(number)])
    }
  }

  /// Runs statements of DDL in one transaction as the owner; tries again on `.lockTimeout`, deadlock and serialization
  /// failure.
  package nonisolated(nonsending) func run(_ statements: [Statement]) async throws {
    try await transaction { try await $0.define(statements) }
  }

  /// Runs `body` in a transaction as the owner: checks that belong together with DDL. It is tried again as ``run(_:)``.
  @discardableResult
  nonisolated(nonsending) package func transaction<Result>(
    _ body: nonisolated(nonsending) (Transaction) async throws -> Result
  ) async throws -> Result {
    try await runner.run(opening: "begin", role: .owner, timeout: nil, retries: [.lockTimeout], body)
  }

  /// Runs one statement as the owner that PostgreSQL refuses in a transaction, such as CREATE INDEX CONCURRENTLY. It is
  /// not tried again, for it may leave something behind, such as an invalid index.
  package nonisolated(nonsending) func runOutsideTransaction(_ statement: Statement) async throws {
    let connection = try await pool.lease()
    defer { pool.giveBack(connection, isSound: false) }
    try await withTaskCancellationHandler {
      try await connection.run(script: "set role \(try quoted(roles.owner))", name: statement.name)
      try await connection.run(script: statement.sql, name: statement.name)
    } onCancel: {
      connection.abandon()
    }
  }

  /// Gives an entity's role all rights on the rows (SELECT, INSERT, UPDATE, DELETE) of users' tables of its own, in the
  /// transaction that makes them or later.
  package static func grant(tables: [String], toEntity number: Int64, roles: RoleNames) throws -> [Statement] {
    let role = try quoted(roles.entity(number))
    return try tables.map { table in
      Statement(
        name: "schema.grant", sql: "grant select, insert, update, delete on \(try quoted(table)) to \(role)")
    }
  }
}

extension Transaction {
  /// Runs statements of DDL, which are not worth preparing, in one round trip.
  package nonisolated(nonsending) func define(_ statements: [Statement]) async throws {
    for statement in statements { try statement.refuseCopy() }
    guard !statements.isEmpty else { return }
    _ = try await perform(statements.map { .control($0.sql) }, name: statements.map(\.name).joined(separator: ", "))
  }

  /// Runs a script of several statements.
  nonisolated(nonsending) func define(script: String, name: String) async throws {
    try await begin()
    try await plain { try await connection.run(script: script, name: name) }
  }

  /// Runs what is outside the pipeline: its failures count as a statement's, and cancelling the task cancels it.
  nonisolated(nonsending) func plain<Result>(
    _ body: nonisolated(nonsending) () async throws -> Result
  ) async throws -> Result {
    try Task.checkCancellation()
    do {
      return try await withTaskCancellationHandler {
        try await body()
      } onCancel: {
        abandon(.cancelled)
      }
    } catch let error as DatabaseError {
      throw noted(error)
    }
  }
}

extension RetryPolicy {
  /// For schema changes, which wait for others' locks: 10 attempts with pauses from 50 ms to 2 s.
  package static var schema: RetryPolicy {
    var policy = RetryPolicy()
    policy.attempts = 10
    policy.firstPause = .milliseconds(50)
    policy.longestPause = .seconds(2)
    return policy
  }
}
