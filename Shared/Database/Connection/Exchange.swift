import Synchronization

/// A command of a group.
enum Command: Sendable {
  /// Takes a role until the end of the transaction.
  case become(String)
  /// Runs a statement that is not prepared, such as BEGIN; the outcome has its tag.
  case control(String)
  /// Infers the types of the statement's parameters.
  case describe(Statement)
  /// Runs a statement, which is prepared for `role`.
  case run(StatementShape, role: DatabaseRole, EncodedParameters)
}

/// The answer to a command.
enum CommandResult: Sendable {
  case completed(tag: String)
  case rows(RowSet)
  case parameterTypes([PostgresType])
}

/// One group on its way through a connection, and the caller who waits for its outcome.
final class Exchange: Sendable {
  private enum State {
    case pending
    case waiting(CheckedContinuation<[CommandResult], any Error>)
    case settled(Result<[CommandResult], any Error>)
  }

  let commands: [Command]
  /// Names the statement in errors.
  let name: String?
  /// No transaction is open when it is sent, so that a command put before it cannot harm one.
  let standsAlone: Bool
  private let state = Mutex(State.pending)

  init(_ commands: [Command], name: String?, standsAlone: Bool) {
    self.commands = commands
    self.name = name
    self.standsAlone = standsAlone
  }

  /// Whether nobody waits any more.
  var isSettled: Bool {
    state.withLock { if case .settled = $0 { true } else { false } }
  }

  /// Ends the waiting; the first outcome stays.
  func settle(_ outcome: Result<[CommandResult], any Error>) {
    let waiter = state.withLock { state -> CheckedContinuation<[CommandResult], any Error>? in
      defer { if case .settled = state {} else { state = .settled(outcome) } }
      if case .waiting(let continuation) = state { return continuation }
      return nil
    }
    waiter?.resume(with: outcome)
  }

  /// Waits for the outcome; called once. A cancelled task gets `CancellationError` at once.
  nonisolated(nonsending) func outcome() async throws -> [CommandResult] {
    try await withTaskCancellationHandler {
      try await outcomeDespiteCancellation()
    } onCancel: {
      settle(.failure(CancellationError()))
    }
  }

  /// Waits for the outcome, whatever happens to the task; called once.
  nonisolated(nonsending) func outcomeDespiteCancellation() async throws -> [CommandResult] {
    try await withCheckedThrowingContinuation { continuation in
      let settled = state.withLock { state -> Result<[CommandResult], any Error>? in
        if case .settled(let outcome) = state { return outcome }
        state = .waiting(continuation)
        return nil
      }
      if let settled { continuation.resume(with: settled) }
    }
  }
}
