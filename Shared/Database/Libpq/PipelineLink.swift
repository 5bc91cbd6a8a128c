import CPostgres

/// A connection in pipeline mode: statements, but no COPY, which libpq would accept here and then hang.
///
/// Nothing waits. Sending returns false when the connection is broken.
struct PipelineLink: ~Copyable {
  private let wire: Wire

  init(entering wire: consuming Wire) throws(DatabaseError) {
    guard PQenterPipelineMode(wire.pointer) == 1 else {
      throw DatabaseError(.connectionLost, wire.failure)
    }
    self.wire = wire
  }

  var socket: Int32 { wire.socket }
  var failure: String { wire.failure }
  func canceller() -> Canceller? { wire.canceller() }
  func flush() -> Wire.Flush { wire.flush() }
  func consumeInput() -> Bool { wire.consumeInput() }
  func nextNotification() -> (channel: String, payload: String)? { wire.nextNotification() }

  /// Parses `sql` under `name`; types that are given are not inferred.
  func prepare(_ name: String, _ sql: String, types: [PostgresType] = []) -> Bool {
    let types = types.map(\.rawValue)
    return PQsendPrepare(wire.pointer, name, sql, Int32(types.count), types) == 1
  }

  /// Asks for the types of a prepared statement's parameters.
  func describe(_ name: String) -> Bool { PQsendDescribePrepared(wire.pointer, name) == 1 }

  /// Runs a prepared statement; its rows come in binary form.
  func execute(_ name: String, _ parameters: borrowing EncodedParameters) -> Bool {
    parameters.withPointers { count, values, lengths, formats in
      PQsendQueryPrepared(wire.pointer, name, count, values, lengths, formats, 1) == 1
    }
  }

  /// Runs a statement without parameters that is not worth preparing.
  func execute(unprepared sql: String) -> Bool {
    PQsendQueryParams(wire.pointer, sql, 0, nil, nil, nil, nil, 1) == 1
  }

  /// Ends a group: its implicit transaction commits, and a failure before it reaches no further.
  func sync() -> Bool { PQpipelineSync(wire.pointer) == 1 }

  /// What came next.
  enum Event: ~Copyable {
    /// Nothing yet.
    case pending
    /// The end of one command's results; also when nothing was asked.
    case commandEnded
    case completed(tag: String)
    case rows(OpaqueResult)
    case parameterTypes([PostgresType])
    case failed(ServerError)
    /// Not run, because an earlier command of its group failed.
    case skipped
    case synced
    /// The server waits for, or sends, COPY: this link cannot go on.
    case copy
  }

  func next() -> Event {
    guard PQisBusy(wire.pointer) == 0 else { return .pending }
    guard let result = PQgetResult(wire.pointer) else { return .commandEnded }
    let owned = OpaqueResult(taking: result)
    let status = owned.status
    switch status {
    case PGRES_TUPLES_OK: return .rows(owned)
    case PGRES_COMMAND_OK:
      let types = owned.parameterTypes
      return types.isEmpty ? .completed(tag: owned.tag) : .parameterTypes(types)
    case PGRES_EMPTY_QUERY: return .completed(tag: "")
    case PGRES_PIPELINE_SYNC: return .synced
    case PGRES_PIPELINE_ABORTED: return .skipped
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: return .copy
    default: return .failed(ServerError(owned))
    }
  }

  /// Leaves pipeline mode; only when all groups are answered.
  consuming func leave() throws(DatabaseError) -> PlainLink {
    guard PQexitPipelineMode(wire.pointer) == 1 else { throw DatabaseError(.connectionLost, wire.failure) }
    return PlainLink(wire)
  }
}
