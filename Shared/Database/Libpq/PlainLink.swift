import CPostgres

/// A connection outside pipeline mode, for what cannot be pipelined: COPY and scripts of several statements.
///
/// Nothing waits. Sending returns false when the connection is broken.
struct PlainLink: ~Copyable {
  private let wire: Wire

  init(_ wire: consuming Wire) { self.wire = wire }

  var failure: String { wire.failure }
  func flush() -> Wire.Flush { wire.flush() }
  func consumeInput() -> Bool { wire.consumeInput() }

  /// Sends a script, or one COPY.
  func send(_ script: String) -> Bool { PQsendQuery(wire.pointer, script) == 1 }

  enum Event {
    /// Nothing yet.
    case pending
    /// One statement of the script succeeded, touching this many rows.
    case completed(rows: Int64)
    case failed(ServerError)
    case copyIn
    case copyOut
    /// The script's end.
    case ended
  }

  func next() -> Event {
    guard PQisBusy(wire.pointer) == 0 else { return .pending }
    guard let result = PQgetResult(wire.pointer) else { return .ended }
    let owned = OpaqueResult(taking: result)
    return switch owned.status {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: .completed(rows: owned.affectedRows)
    case PGRES_COPY_IN: .copyIn
    case PGRES_COPY_OUT: .copyOut
    default: .failed(ServerError(owned))
    }
  }

  /// Buffers a piece of COPY … FROM STDIN. libpq's buffer grows with it: flush to the end before the next piece.
  func put(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.withUnsafeBytes { buffer in
      PQputCopyData(wire.pointer, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count)) == 1
    }
  }

  /// Ends COPY … FROM STDIN; with a reason, so that the server drops all of it.
  func endCopyIn(failing reason: String? = nil) -> Bool { PQputCopyEnd(wire.pointer, reason) == 1 }

  enum CopyOut { case pending, row, ended, failed }

  /// Appends the next row of COPY … TO STDOUT to `bytes`.
  func get(into bytes: inout [UInt8]) -> CopyOut {
    var row: UnsafeMutablePointer<CChar>?
    let length = PQgetCopyData(wire.pointer, &row, 1)
    defer { PQfreemem(row) }
    switch length {
    case 0: return .pending
    case -1: return .ended
    case let length where length > 0:
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(length)))
      return .row
    default: return .failed
    }
  }

  /// Whether a transaction is open and sound.
  var isInTransaction: Bool { PQtransactionStatus(wire.pointer) == PQTRANS_INTRANS }

  /// Back to pipeline mode; only after `.ended`.
  consuming func enterPipeline() throws(DatabaseError) -> PipelineLink { try PipelineLink(entering: wire) }

  /// The verifier of a password by SCRAM-SHA-256, so that the password itself is in no statement and no log.
  func verifier(ofPassword password: String, user: String) throws(DatabaseError) -> String {
    guard let verifier = PQencryptPasswordConn(wire.pointer, password, user, "scram-sha-256") else {
      throw DatabaseError(.other, "libpq could not make a password's verifier.")
    }
    defer { PQfreemem(verifier) }
    return String(cString: verifier)
  }
}
