import CPostgres

/// A connection that is being made.
struct Handshake: ~Copyable {
  enum Step: Equatable { case waitUntilReadable, waitUntilWritable, done, failed }

  private let wire: Wire

  /// - Throws: `.insufficientResources` when memory is short.
  init(parameters: [String: String]) throws(DatabaseError) {
    guard let wire = Wire(connectingWith: parameters) else {
      throw DatabaseError(.insufficientResources, "No memory for a connection.", isSafeToRetry: true)
    }
    self.wire = wire
  }

  /// It may change with each step: several addresses are tried in turn.
  var socket: Int32 { wire.socket }

  /// Goes on as far as it can without waiting.
  func advance() -> Step {
    guard PQstatus(wire.pointer) != CONNECTION_BAD else { return .failed }
    return switch PQconnectPoll(wire.pointer) {
    case PGRES_POLLING_READING: .waitUntilReadable
    case PGRES_POLLING_WRITING: .waitUntilWritable
    case PGRES_POLLING_OK: .done
    default: .failed
    }
  }

  /// Why the last step failed.
  var error: DatabaseError { DatabaseError(.unavailable, wire.failure, isSafeToRetry: true) }

  /// The connection, in pipeline mode; after `.done`.
  consuming func finish() throws(DatabaseError) -> PipelineLink {
    guard PQsetnonblocking(wire.pointer, 1) == 0 else { throw error }
    return try PipelineLink(entering: wire)
  }
}
