extension Database {
  /// What a transaction sees of those that run beside it.
  package enum Isolation: String, Sendable, Hashable {
    case readCommitted = "read committed"
    case repeatableRead = "repeatable read"
    case serializable = "serializable"
  }

  /// Runs `body` in a transaction on a connection of its own; commits when it returns, rolls back when it throws.
  ///
  /// A serialization failure or deadlock (40001, 40P01), and a connection that was lost before COMMIT, run `body` again
  /// from its beginning, as often as the configuration's retry policy says: it must have no effect outside the
  /// transaction. Cancelling the task cancels the running statement at the server.
  ///
  /// - Parameters:
  ///   - role: as whom; ``Transaction/become(_:)`` changes it midway.
  ///   - readOnly: whether PostgreSQL refuses writes.
  ///   - timeout: for one run of the transaction, the wait for a connection not included; then it ends as `.timeout`.
  /// - Throws: what `body` throws; ``DatabaseError`` `.overloaded` when no connection was free in time; `.connectionLost`
  ///   when the connection broke during COMMIT, so that it is in doubt.
  @discardableResult
  nonisolated(nonsending) package func transaction<Result>(
    as role: DatabaseRole, isolation: Isolation = .readCommitted, readOnly: Bool = false, timeout: Duration? = nil,
    _ body: nonisolated(nonsending) (Transaction) async throws -> Result
  ) async throws -> Result {
    let opening = "begin isolation level \(isolation.rawValue)\(readOnly ? " read only" : "")"
    let runner = TransactionRunner(
      pool: leases, shapes: shapes, roles: configuration.roles, retry: configuration.retry)
    return try await runner.run(opening: opening, role: role, timeout: timeout, body)
  }
}

/// Leases a connection, runs a transaction on it, and runs it again when that can help.
struct TransactionRunner {
  let pool: LeasePool
  let shapes: ShapeCache
  let roles: RoleNames
  let retry: RetryPolicy

  /// - Parameter retries: further kinds of failure after which another run may help.
  nonisolated(nonsending) func run<Result>(
    opening: String, role: DatabaseRole, timeout: Duration?, retries: Set<DatabaseError.Kind> = [],
    _ body: nonisolated(nonsending) (Transaction) async throws -> Result
  ) async throws -> Result {
    var attempt = 1
    while true {
      let connection = try await pool.lease()
      let transaction = Transaction(
        connection: connection, shapes: shapes, roles: roles, opening: opening, role: role)
      do {
        return try await runOnce(transaction, timeout, body)
      } catch {
        guard attempt < retry.attempts, let failure = transaction.failure, helps(failure, retries) else { throw error }
        try await retry.sleep(retry.pause(afterAttempt: attempt))
        attempt += 1
      }
    }
  }

  private func helps(_ failure: DatabaseError, _ retries: Set<DatabaseError.Kind>) -> Bool {
    switch failure.kind {
    case .serializationFailure, .deadlock: true
    // In doubt when it was lost during COMMIT.
    case .connectionLost: failure.isSafeToRetry
    default: failure.cause != .statement || retries.contains(failure.kind)
    }
  }

  private nonisolated(nonsending) func runOnce<Result>(
    _ transaction: Transaction, _ timeout: Duration?,
    _ body: nonisolated(nonsending) (Transaction) async throws -> Result
  ) async throws -> Result {
    let timer = timeout.map { timeout in
      Task {
        try await Task.sleep(for: timeout)
        transaction.abandon(.timedOut)
      }
    }
    defer { timer?.cancel() }
    var isSound = false
    defer { pool.giveBack(transaction.connection, isSound: isSound) }
    let result: Result
    do {
      result = try await body(transaction)
      try Task.checkCancellation()
    } catch {
      isSound = await transaction.rollback()
      throw error
    }
    do {
      try await transaction.commit()
      isSound = true
    } catch {
      // A refused commit leaves the connection without a transaction; a lost one leaves no connection.
      isSound = transaction.connection.isOpen
      throw error
    }
    return result
  }
}
