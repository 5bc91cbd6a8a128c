/// What cannot be pipelined: scripts of several statements, and COPY. One at a time; each begins with all groups
/// answered, and ends back in pipeline mode.
extension Connection {
  /// Runs a script of several statements. Outside a transaction PostgreSQL makes one of it.
  nonisolated func run(script: String, name: String) async throws {
    try await settleGroups(name)
    try await runPlain(script, name)
  }

  /// The verifier of a password, made here so that the password itself is never sent.
  nonisolated func verifier(ofPassword password: String, user: String) async throws -> String {
    try await settleGroups("verifier")
    return try await plainVerifier(password, user)
  }

  /// Waits for the answers to all groups before.
  private nonisolated func settleGroups(_ name: String) async throws {
    let exchange = Exchange([], name: name, standsAlone: false)
    push(exchange)
    _ = try await exchange.outcome()
  }

  private func runPlain(_ script: String, _ name: String) async throws {
    try leavePipeline(name)
    guard plain?.send(script) == true else { throw broken(name) }
    var failure: ServerError?
    while true {
      switch try await nextPlainEvent(name) {
      case .completed: continue
      case .failed(let error): failure = failure ?? error
      case .ended:
        try enterPipeline(name)
        if let failure { throw DatabaseError(failure, statement: name) }
        return
      case .copyIn, .copyOut: throw copyInPlaceOfScript(name)
      case .pending: continue
      }
    }
  }

  private func plainVerifier(_ password: String, _ user: String) async throws -> String {
    try leavePipeline("verifier")
    let verifier = Result { () throws -> String in
      guard let verifier = try plain?.verifier(ofPassword: password, user: user) else { throw broken("verifier") }
      return verifier
    }
    try enterPipeline("verifier")
    return try verifier.get()
  }

  // MARK: COPY

  /// Begins COPY … FROM STDIN; gives its number on this connection, so that no other is taken for it later.
  nonisolated func beginCopyIn(_ statement: Statement) async throws -> Int {
    try await settleGroups(statement.name)
    return try await begin(statement, isIn: true)
  }

  /// Begins COPY … TO STDOUT; gives its number.
  nonisolated func beginCopyOut(_ statement: Statement) async throws -> Int {
    try await settleGroups(statement.name)
    return try await begin(statement, isIn: false)
  }

  private func begin(_ statement: Statement, isIn: Bool) async throws -> Int {
    try leavePipeline(statement.name)
    guard plain?.send(statement.sql) == true else { throw broken(statement.name) }
    switch (try await nextPlainEvent(statement.name), isIn) {
    case (.copyIn, true), (.copyOut, false):
      lastCopy += 1
      return lastCopy
    case (.failed(let error), _):
      _ = try await finishCopy(statement.name)
      throw DatabaseError(error, statement: statement.name)
    default: throw copyInPlaceOfScript(statement.name)
    }
  }

  /// Sends bytes of COPY, and returns when the kernel has taken them: what is buffered here is bounded by one piece.
  func put(_ bytes: [UInt8], _ number: Int, _ name: String) async throws {
    try check(number, name)
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Self.pieceSize)
      rest = rest.dropFirst(Self.pieceSize)
      guard plain?.put(piece) == true else { throw broken(name) }
      try await flushPlain(name)
    }
  }

  private static let pieceSize = 262_144

  private func flushPlain(_ name: String) async throws {
    while true {
      switch plain?.flush() {
      case .done: return
      case .pending: try await waitForSocket(reading: false, writing: true)
      case .failed, nil: throw broken(name)
      }
    }
  }

  /// Ends COPY … FROM STDIN, with a reason when it is to be undone; gives the number of rows.
  func endCopyIn(_ number: Int, _ name: String, failing reason: String?) async throws -> Int64 {
    try check(number, name)
    guard plain?.endCopyIn(failing: reason) == true else { throw broken(name) }
    return try await finishCopy(name)
  }

  /// The next rows of COPY … TO STDOUT; nil at the end, when the connection is back in pipeline mode.
  func nextCopyChunk(_ number: Int, _ name: String) async throws -> [UInt8]? {
    // At its end the copy has left this mode by itself.
    if number == lastCopy, plain == nil, !isClosed { return nil }
    try check(number, name)
    var chunk: [UInt8] = []
    while plain != nil {
      switch plain?.get(into: &chunk) {
      case .row: if chunk.count >= Self.chunkSize { return chunk }
      case .pending:
        if !chunk.isEmpty { return chunk }
        try await waitForSocket(reading: true, writing: false)
        guard plain?.consumeInput() == true else { throw broken(name) }
      case .ended:
        _ = try await finishCopy(name)
        return chunk.isEmpty ? nil : chunk
      case .failed, nil: throw broken(name)
      }
    }
    return nil
  }

  private static let chunkSize = 65_536

  private func check(_ number: Int, _ name: String) throws {
    guard number == lastCopy, plain != nil else {
      throw isClosed ? broken(name) : DatabaseError(.misuse, "The copy has ended.", statement: name)
    }
  }

  /// Reads the end of a COPY; gives the number of rows.
  private func finishCopy(_ name: String) async throws -> Int64 {
    var rows: Int64 = 0
    var failure: ServerError?
    while true {
      switch try await nextPlainEvent(name) {
      case .completed(let count): rows = count
      case .failed(let error): failure = failure ?? error
      case .ended:
        try enterPipeline(name)
        if let failure { throw DatabaseError(failure, statement: name) }
        return rows
      case .copyIn, .copyOut: throw copyInPlaceOfScript(name)
      case .pending: continue
      }
    }
  }

  // MARK: Modes

  private func leavePipeline(_ name: String) throws {
    guard machine.isEmpty, let link = link.take() else {
      throw isClosed
        ? broken(name) : DatabaseError(.misuse, "The connection is in use by another statement.", statement: name)
    }
    watch?.setReading(false)
    do { plain = try link.leave() } catch {
      closeBroken()
      throw error
    }
  }

  private func enterPipeline(_ name: String) throws {
    guard let plain = plain.take() else { throw broken(name) }
    do { link = try plain.enterPipeline() } catch {
      closeBroken()
      throw error
    }
    watch?.setReading(true)
  }

  private func nextPlainEvent(_ name: String) async throws -> PlainLink.Event {
    while true {
      guard let event = plain?.next() else { throw broken(name) }
      guard case .pending = event else {
        if case .failed(let error) = event, error.isFatal {
          close(.failed(error.message))
          throw DatabaseError(.connectionLost, error.message, sqlState: error.sqlState, statement: name)
        }
        return event
      }
      switch plain?.flush() {
      case .done: try await waitForSocket(reading: true, writing: false)
      case .pending: try await waitForSocket(reading: true, writing: true)
      case .failed, nil: throw broken(name)
      }
      guard plain?.consumeInput() == true else { throw broken(name) }
    }
  }

  private func broken(_ name: String) -> DatabaseError {
    closeBroken()
    return DatabaseError(.connectionLost, "The connection broke.", statement: name)
  }

  private func copyInPlaceOfScript(_ name: String) -> DatabaseError {
    close(.failed("COPY was sent where only other statements can be, or the other way round."))
    return DatabaseError(
      .misuse, "copyIn takes COPY … FROM STDIN, copyOut COPY … TO STDOUT, and nothing else does.", statement: name)
  }
}
