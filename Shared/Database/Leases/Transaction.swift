import Synchronization

/// A transaction on a leased connection, valid within the closure that was given it; later use throws `.misuse`.
///
/// Statements run one after the other, in the order of the calls. After a statement has failed, PostgreSQL refuses all
/// others until the end of the ``savepoint(_:)`` around it, or of the transaction.
package final class Transaction: Sendable {
  private enum Phase { case notBegun, begun, ended }

  private struct State {
    var phase = Phase.notBegun
    var role: DatabaseRole
    /// The first failure that was not undone by a savepoint.
    var failure: DatabaseError?
    /// Why the connection was given up.
    var abandonment: Abandonment?
    var cursors = 0
    var savepoints = 0
  }

  enum Abandonment {
    case cancelled, timedOut

    func error(statement: String?) -> any Error {
      switch self {
      case .cancelled: CancellationError()
      case .timedOut:
        DatabaseError(.timeout, "The transaction took too long.", statement: statement, isSafeToRetry: true)
      }
    }
  }

  let connection: Connection
  private let shapes: ShapeCache
  private let roles: RoleNames
  private let opening: String
  private let state: Mutex<State>

  init(connection: Connection, shapes: ShapeCache, roles: RoleNames, opening: String, role: DatabaseRole) {
    self.connection = connection
    self.shapes = shapes
    self.roles = roles
    self.opening = opening
    state = Mutex(State(role: role))
  }

  // MARK: Statements

  /// Runs one statement.
  ///
  /// - Throws: ``DatabaseError``; `CancellationError` when the task is cancelled, which cancels the statement, too.
  /// - Complexity: one round trip; BEGIN travels with the first. The first use of a statement in a process takes another.
  @discardableResult
  package nonisolated(nonsending) func execute(
    _ statement: Statement, _ parameters: [SQLValue] = []
  ) async throws -> [Row] {
    let command = try await command(statement, parameters)
    return Self.rows(in: try await perform([command], name: statement.name))[0]
  }

  /// Runs statements one after the other in a single round trip; gives each one's rows.
  ///
  /// - Throws: the ``DatabaseError`` of the first that failed; those after it were not run.
  @discardableResult
  package nonisolated(nonsending) func execute(pipelined statements: [(Statement, [SQLValue])]) async throws -> [[Row]]
  {
    guard !statements.isEmpty else { return [] }
    var commands: [Command] = []
    for (statement, parameters) in statements { commands.append(try await command(statement, parameters)) }
    let name = statements.map(\.0.name).joined(separator: ", ")
    return Self.rows(in: try await perform(commands, name: name))
  }

  /// Continues as another role, to the end of the transaction or the next change.
  package nonisolated(nonsending) func become(_ role: DatabaseRole) async throws {
    // "none" gives back the login's own rights (PostgreSQL, SET ROLE).
    let name = roles.name(of: role) ?? "none"
    _ = try await perform([.become(name)], name: "become")
    state.withLock { $0.role = role }
  }

  /// Runs `body` so that its failure undoes only what it did, and the transaction can go on.
  nonisolated(nonsending) package func savepoint<Result>(
    _ body: nonisolated(nonsending) () async throws -> Result
  ) async throws -> Result {
    let (number, role) = state.withLock { state in
      state.savepoints += 1
      return (state.savepoints, state.role)
    }
    _ = try await perform([.control("savepoint p\(number)")], name: "savepoint")
    do {
      let result = try await body()
      _ = try await perform([.control("release savepoint p\(number)")], name: "release savepoint")
      return result
    } catch {
      try await undo(to: number, role)
      throw error
    }
  }

  private nonisolated(nonsending) func undo(to number: Int, _ role: DatabaseRole) async throws {
    _ = try await perform(
      [.control("rollback to savepoint p\(number)"), .control("release savepoint p\(number)")], name: "rollback")
    state.withLock { state in
      state.failure = nil
      state.role = role
    }
  }

  private nonisolated(nonsending) func command(
    _ statement: Statement, _ parameters: [SQLValue]
  ) async throws -> Command {
    let shape = try await shape(of: statement)
    let encoded = try shape.encode(parameters)
    return .run(shape, role: state.withLock { $0.role }, encoded)
  }

  private nonisolated(nonsending) func shape(of statement: Statement) async throws -> StatementShape {
    if let known = shapes.known(statement) { return known }
    try statement.refuseCopy()
    let results = try await perform([.describe(statement)], name: statement.name)
    if case .parameterTypes(let types) = results.last { return shapes.remember(statement, types: types) }
    return shapes.remember(statement, types: [])
  }

  private static func rows(in results: [CommandResult]) -> [[Row]] {
    results.map { if case .rows(let set) = $0 { set.rows } else { [] } }
  }

  // MARK: Groups

  /// Sends a group and waits; gives the answers to its own commands, without those of BEGIN.
  nonisolated(nonsending) func perform(_ commands: [Command], name: String) async throws -> [CommandResult] {
    try Task.checkCancellation()
    let (exchange, isFirst) = try send(commands, name: name)
    do {
      let results = try await withTaskCancellationHandler {
        try await exchange.outcome()
      } onCancel: {
        abandon(.cancelled)
      }
      return isFirst ? Array(results.dropFirst()) : results
    } catch let error as DatabaseError {
      throw noted(error)
    }
  }

  /// Sending and taking note of it are one step, so that nothing is sent before BEGIN.
  private func send(_ commands: [Command], name: String) throws -> (Exchange, isFirst: Bool) {
    try state.withLock { state in
      switch state.phase {
      case .ended: throw DatabaseError(.misuse, "The transaction has ended.", statement: name)
      case .begun:
        let exchange = Exchange(commands, name: name, standsAlone: false)
        connection.push(exchange)
        return (exchange, false)
      case .notBegun:
        let role = roles.name(of: state.role).map { [Command.become($0)] } ?? []
        let exchange = Exchange([.control(opening)] + role + commands, name: name, standsAlone: true)
        state.phase = .begun
        connection.push(exchange)
        return (exchange, true)
      }
    }
  }

  /// Begins without a statement, as what runs outside the pipeline needs.
  nonisolated(nonsending) func begin() async throws {
    if state.withLock({ $0.phase != .begun }) { _ = try await perform([], name: "begin") }
  }

  /// Gives the connection up: the running statement is cancelled, and nothing more is sent.
  func abandon(_ reason: Abandonment) {
    let isFirst = state.withLock { state in
      guard state.phase != .ended, state.abandonment == nil else { return false }
      state.abandonment = reason
      return true
    }
    if isFirst { connection.abandon() }
  }

  /// Keeps a failure for the end, and says what it means before COMMIT was sent: nothing has taken effect.
  func noted(_ error: DatabaseError) -> any Error {
    state.withLock { state in
      if let abandonment = state.abandonment { return abandonment.error(statement: error.statement) }
      var error = error
      if error.kind == .connectionLost { error.isSafeToRetry = true }
      if state.failure == nil { state.failure = error }
      return error
    }
  }

  func nextCursorName() -> String {
    state.withLock { state in
      state.cursors += 1
      return "c\(state.cursors)"
    }
  }

  // MARK: End

  /// The failure that the transaction could not get over.
  var failure: DatabaseError? { state.withLock { $0.failure } }

  /// Ends the transaction for good.
  ///
  /// It does not heed the task's cancellation: whether the commit took effect must be known.
  ///
  /// - Throws: the failure that made PostgreSQL roll back instead; `.connectionLost`, in doubt.
  nonisolated(nonsending) func commit() async throws {
    guard let exchange = try end("commit") else { return }
    do {
      let results = try await exchange.outcomeDespiteCancellation()
      if case .completed(let tag) = results.last, tag == "COMMIT" { return }
    } catch let error as DatabaseError {
      state.withLock { $0.failure = error }
      throw error
    }
    throw failure ?? DatabaseError(.other, "PostgreSQL rolled the transaction back.")
  }

  /// Undoes everything; false when the connection is in doubt.
  nonisolated(nonsending) func rollback() async -> Bool {
    do {
      guard let exchange = try end("rollback") else { return true }
      _ = try await exchange.outcomeDespiteCancellation()
      return true
    } catch {
      return false
    }
  }

  /// Sends the last statement; nil when there is nothing to end.
  private func end(_ sql: String) throws -> Exchange? {
    try state.withLock { state in
      defer { state.phase = .ended }
      if let abandonment = state.abandonment { throw abandonment.error(statement: sql) }
      guard state.phase == .begun else { return nil }
      let exchange = Exchange([.control(sql)], name: sql, standsAlone: false)
      connection.push(exchange)
      return exchange
    }
  }
}
