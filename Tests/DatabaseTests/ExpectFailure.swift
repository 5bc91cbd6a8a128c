import Database
import Testing

/// Expects a ``DatabaseError`` of this kind, and gives it.
@discardableResult
func expectFailure(
  _ kind: DatabaseError.Kind, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> DatabaseError? {
  do {
    try await body()
    Issue.record("Nothing failed.", sourceLocation: sourceLocation)
  } catch let error as DatabaseError {
    #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    return error
  } catch {
    Issue.record("Failed as \(error).", sourceLocation: sourceLocation)
  }
  return nil
}
