package import Logging

/// A service's way to its schema.
///
/// Single statements of many callers share a few connections; transactions and long work lease one of their own. All
/// connections come back by themselves when PostgreSQL restarts.
package final class Database: Sendable {
  package let configuration: DatabaseConfiguration

  package init(configuration: DatabaseConfiguration, logger: Logger) {
    self.configuration = configuration
  }

  /// Connects.
  ///
  /// - Throws: ``DatabaseError`` `.unavailable` when the server did not answer within `startupWait`.
  package func start() async throws {}

  /// Refuses further calls, lets those on their way end, and closes all connections.
  package func shutdown() async {}

  /// Runs one statement that changes nothing, on the shared lane for reads.
  ///
  /// The statement's transaction is read-only, so a lost connection is tried again by itself. A cancelled caller gets
  /// `CancellationError` at once; the statement is not cancelled, its result is dropped.
  ///
  /// - Throws: ``DatabaseError``.
  /// - Complexity: one round trip, shared with the calls of others.
  package func read(
    _ statement: Statement, _ parameters: [SQLValue] = [], as role: DatabaseRole
  ) async throws -> [Row] {
    throw DatabaseError(.unavailable, "Not connected.")
  }

  /// Runs one statement in a transaction of its own, on the shared lane for writes.
  ///
  /// A cancelled caller gets `CancellationError` at once; the statement takes effect all the same.
  ///
  /// - Throws: ``DatabaseError``; `.connectionLost` when it is in doubt whether the statement took effect.
  /// - Complexity: one round trip and one commit.
  @discardableResult
  package func write(
    _ statement: Statement, _ parameters: [SQLValue] = [], as role: DatabaseRole
  ) async throws -> [Row] {
    throw DatabaseError(.unavailable, "Not connected.")
  }

  /// What a transaction sees of those that run beside it.
  package enum Isolation: String, Sendable, Hashable {
    case readCommitted = "read committed"
    case repeatableRead = "repeatable read"
    case serializable = "serializable"
  }

  /// Runs `body` in a transaction on a connection of its own; commits when it returns, rolls back when it throws.
  ///
  /// A serialization failure or deadlock (40001, 40P01) runs `body` again from its beginning, as often as the
  /// configuration's retry policy says: it must have no effect outside the transaction. Cancelling the task cancels the
  /// running statement at the server.
  ///
  /// - Parameters:
  ///   - role: as whom; ``Transaction/become(_:)`` changes it midway.
  ///   - readOnly: whether PostgreSQL refuses writes.
  ///   - timeout: for one run of the transaction, the wait for a connection not included; then it ends as `.timeout`.
  /// - Throws: what `body` throws; ``DatabaseError`` `.overloaded` when no connection was free in time; `.connectionLost`
  ///   when the connection broke during COMMIT, so that it is in doubt.
  nonisolated(nonsending) package func transaction<Result>(
    as role: DatabaseRole, isolation: Isolation = .readCommitted, readOnly: Bool = false, timeout: Duration? = nil,
    _ body: nonisolated(nonsending) (Transaction) async throws -> Result
  ) async throws -> Result {
    throw DatabaseError(.unavailable, "Not connected.")
  }

  /// What a listener learns.
  package enum Notification: Sendable, Hashable {
    /// The connection was (re)made: anything may have been missed, so poll.
    case reconnected
    /// Somebody called NOTIFY with this payload.
    case notified(payload: String)
  }

  /// Follows a channel of LISTEN/NOTIFY until the stream is dropped or the database is shut down.
  ///
  /// A hint, not a log: when the listener is slower than the channel, the oldest events are dropped.
  package func listen(to channel: String) -> AsyncStream<Notification> {
    AsyncStream { $0.finish() }
  }
}
