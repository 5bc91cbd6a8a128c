import Synchronization

/// Brings a connection from whoever makes it to the borrower who waits for it, if that one still does.
final class Handover: Sendable {
  private enum State {
    case empty
    case awaited(CheckedContinuation<Connection, any Error>)
    case made(Result<Connection, any Error>)
    case abandoned
  }

  private let state = Mutex(State.empty)

  /// Gives what was made, or why not; false when nobody waits for it any more.
  func settle(_ result: Result<Connection, any Error>) -> Bool {
    let (isTaken, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Connection, any Error>?) in
      switch state {
      case .empty:
        state = .made(result)
        return (true, nil)
      case .awaited(let waiter):
        state = .made(result)
        return (true, waiter)
      case .made, .abandoned: return (false, nil)
      }
    }
    waiter?.resume(with: result)
    return isTaken
  }

  /// The borrower waits no more, unless it has been given the connection already.
  func abandon() {
    let waiter = state.withLock { state -> CheckedContinuation<Connection, any Error>? in
      switch state {
      case .empty: state = .abandoned
      case .awaited(let waiter):
        state = .abandoned
        return waiter
      case .made, .abandoned: break
      }
      return nil
    }
    waiter?.resume(throwing: CancellationError())
  }

  /// Waits for it; called once.
  ///
  /// - Throws: what it was settled with; `CancellationError` after ``abandon()``.
  func value() async throws -> Connection {
    try await withCheckedThrowingContinuation { continuation in
      let known = state.withLock { state -> Result<Connection, any Error>? in
        switch state {
        case .empty:
          state = .awaited(continuation)
          return nil
        case .made(let result): return result
        case .awaited, .abandoned: return .failure(CancellationError())
        }
      }
      if let known { continuation.resume(with: known) }
    }
  }
}
