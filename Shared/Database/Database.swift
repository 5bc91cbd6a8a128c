package import Logging

/// A service's way to its schema.
///
/// Single statements of many callers share a few connections; transactions and long work lease one of their own. All
/// connections come back by themselves when PostgreSQL restarts. ``shutdown()`` must be called at the end.
package final class Database: Sendable {
  package let configuration: DatabaseConfiguration
  let shapes = ShapeCache()
  let leases: LeasePool
  private let door: Door
  private let reads: SharedLane
  private let writes: SharedLane
  private let listener: Listener

  /// Nothing is connected before ``start()``.
  package init(configuration: DatabaseConfiguration, logger: Logger) {
    self.configuration = configuration
    door = Door(retry: configuration.retry, logger: logger)
    reads = SharedLane(
      configuration.readParameters, connections: configuration.lanes.readConnections,
      window: configuration.lanes.readsInFlight, limits: configuration.lanes, door: door, logger: logger)
    writes = SharedLane(
      configuration.writeParameters, connections: configuration.lanes.writeConnections,
      window: configuration.lanes.writesInFlight, limits: configuration.lanes, door: door, logger: logger)
    leases = LeasePool(configuration.leaseParameters, limits: configuration.leases, door: door)
    listener = Listener(configuration.listenParameters, door: door, logger: logger)
  }

  /// Connects; called once.
  ///
  /// - Throws: ``DatabaseError`` `.invalidValue` for a limit below its least; `.unavailable` when the server did not let
  ///   us in within `startupWait`.
  package func start() async throws {
    try configuration.check()
    let deadline = ContinuousClock.now + configuration.startupWait
    do {
      async let reading: Void = reads.start(deadline: deadline)
      async let writing: Void = writes.start(deadline: deadline)
      _ = try await (reading, writing)
    } catch {
      await shutdown()
      throw error
    }
  }

  /// Why no connection can be made at present; nil when the last one could be.
  package var refusal: DatabaseError? { door.refusal }

  /// Refuses further calls, lets those on their way end, and closes all connections.
  package func shutdown() async {
    listener.shutdown()
    leases.shutdown()
    await reads.shutdown()
    await writes.shutdown()
  }

  /// Runs one statement that changes nothing, on the shared lane for reads.
  ///
  /// The statement's transaction is read-only, so a lost connection is tried again by itself. A cancelled caller gets
  /// `CancellationError` at once; the statement is not cancelled, its result is dropped.
  ///
  /// - Throws: ``DatabaseError``.
  /// - Complexity: one round trip, shared with the calls of others; the first use of a statement in a process takes two.
  package nonisolated(nonsending) func read(
    _ statement: Statement, _ parameters: [SQLValue] = [], as role: DatabaseRole
  ) async throws -> [Row] {
    try await call(reads, [(statement, parameters)], role) { error in
      var error = error
      if error.kind == .connectionLost { error.isSafeToRetry = true }
      return error
    }[0]
  }

  /// Runs one statement in a transaction of its own, on the shared lane for writes.
  ///
  /// A cancelled caller gets `CancellationError` at once; the statement takes effect all the same.
  ///
  /// - Throws: ``DatabaseError``; `.connectionLost` when it is in doubt whether the statement took effect.
  /// - Complexity: one round trip and one commit; the first use of a statement in a process takes another round trip.
  @discardableResult
  package nonisolated(nonsending) func write(
    _ statement: Statement, _ parameters: [SQLValue] = [], as role: DatabaseRole
  ) async throws -> [Row] {
    try await call(writes, [(statement, parameters)], role) { $0 }[0]
  }

  /// Runs statements one after the other in a transaction of their own, on the shared lane for writes; gives each one's
  /// rows.
  ///
  /// A cancelled caller gets `CancellationError` at once; the statements take effect all the same.
  ///
  /// - Throws: the ``DatabaseError`` of the first that failed, and then none has taken effect; `.connectionLost` when that
  ///   is in doubt.
  /// - Complexity: one round trip and one commit; the first use of each statement in a process takes another round trip.
  @discardableResult
  package nonisolated(nonsending) func write(
    pipelined statements: [(Statement, [SQLValue])], as role: DatabaseRole
  ) async throws -> [[Row]] {
    if statements.isEmpty { return [] }
    return try await call(writes, statements, role) { $0 }
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
  /// A hint, not a log: when the listener is slower than the channel, the oldest events are dropped. All channels share
  /// one connection. A name that is no identifier (``quoted(_:)``) gets an empty stream.
  package func listen(to channel: String) -> AsyncStream<Notification> {
    listener.listen(to: channel)
  }

  // MARK: Shared lanes

  private nonisolated(nonsending) func call(
    _ lane: SharedLane, _ statements: [(Statement, [SQLValue])], _ role: DatabaseRole,
    _ judge: (DatabaseError) -> DatabaseError
  ) async throws -> [[Row]] {
    var attempt = 1
    while true {
      do {
        return try await callOnce(lane, statements, role)
      } catch let error as DatabaseError {
        let error = judge(error)
        guard error.isSafeToRetry, attempt < configuration.retry.attempts else { throw error }
        switch (error.kind, error.cause) {
        case (_, .notSent), (_, .staleStatement), (.connectionLost, _): break
        case (.serializationFailure, _), (.deadlock, _):
          try await configuration.retry.sleep(configuration.retry.pause(afterAttempt: attempt))
        default: throw error
        }
        attempt += 1
      }
    }
  }

  private nonisolated(nonsending) func callOnce(
    _ lane: SharedLane, _ statements: [(Statement, [SQLValue])], _ role: DatabaseRole
  ) async throws -> [[Row]] {
    var commands: [Command] = []
    commands.reserveCapacity(statements.count + 1)
    for (statement, parameters) in statements {
      let shape = try await shape(of: statement, lane, role)
      commands.append(.run(shape, role: role, try shape.encode(parameters)))
    }
    do {
      return try await exchange(commands, lane, role, statements[0].0.name).map { result in
        if case .rows(let set) = result { set.rows } else { [] }
      }
    } catch let error as DatabaseError where error.mayComeFromTypes {
      for (statement, _) in statements { shapes.forget(statement) }
      throw error
    }
  }

  private nonisolated(nonsending) func shape(
    of statement: Statement, _ lane: SharedLane, _ role: DatabaseRole
  ) async throws -> StatementShape {
    if let known = shapes.known(statement) { return known }
    try statement.refuseCopy()
    let results = try await exchange([.describe(statement)], lane, role, statement.name)
    if case .parameterTypes(let types) = results.last { return shapes.remember(statement, types: types) }
    return shapes.remember(statement, types: [])
  }

  private nonisolated(nonsending) func exchange(
    _ commands: [Command], _ lane: SharedLane, _ role: DatabaseRole, _ name: String
  ) async throws -> [CommandResult] {
    try Task.checkCancellation()
    let name = name
    let exchange: Exchange
    if let role = configuration.roles.name(of: role) {
      exchange = Exchange([.become(role)] + commands, name: name, standsAlone: true)
    } else {
      exchange = Exchange(commands, name: name, standsAlone: true)
    }
    lane.submit(exchange)
    return try await exchange.outcome()
  }
}

extension DatabaseError {
  /// A statement whose parameters' types were right once no longer fits the schema.
  var mayComeFromTypes: Bool { ["42804", "42883", "42P08", "42P18"].contains(sqlState) }
}
