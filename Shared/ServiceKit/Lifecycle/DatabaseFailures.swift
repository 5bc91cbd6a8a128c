import Database
package import RPC

/// Tells callers of what failed in the database what they can do: most of it passes, and is worth another try.
///
/// What handlers expect of the database (a taken key, a missing row) they answer themselves; this is for the rest.
package struct DatabaseFailures: ServerInterceptor {
  /// The interceptor.
  package init() {}

  /// Lets the call run.
  package func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
    do {
      try await next(call)
    } catch let error as DatabaseError {
      throw Self.answer(to: error)
    }
  }

  private static func answer(to error: DatabaseError) -> any Error {
    switch error.kind {
    case .serializationFailure, .deadlock:
      return RPCError(
        .aborted, "Others changed the same at the same time. Try again.", reason: "CONCURRENT_CHANGE", cause: error)
    case .connectionLost where !error.isSafeToRetry:
      return RPCError(
        .unknown,
        "The database broke off, and nobody can say whether the change was made. Look before you try again, or repeat "
          + "the call with the same request id.",
        reason: "OUTCOME_UNKNOWN", cause: error)
    case .insufficientResources where error.sqlState == DatabaseError.diskFull:
      return RPCError(
        .unavailable,
        "The database's disk is full. Nothing was changed. Once there is room again, the same call succeeds.",
        reason: "DATABASE_FULL", cause: error)
    case .unavailable, .connectionLost, .overloaded, .timeout, .lockTimeout, .insufficientResources:
      return RPCError(
        .unavailable, "The database does not answer now. Try again in a moment.", reason: "DATABASE_UNAVAILABLE",
        cause: error)
    default: return error
    }
  }
}
