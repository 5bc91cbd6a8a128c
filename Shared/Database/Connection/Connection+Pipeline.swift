import Logging

extension Connection {
  /// The statement that takes a role; it is prepared when the session begins.
  private static let become = "select set_config('role', $1, true)"
  private static let becomeName = "become"

  func sendPreparation() {
    guard let sent = link?.prepare(Self.becomeName, Self.become), sent, link?.sync() == true else {
      return closeBroken()
    }
    machine.sent([.plain])
    exchanges.append(nil)
  }

  /// Sends what callers have pushed since last time.
  func sendInbox() {
    let pushed = takeInbox()
    for (index, exchange) in pushed.enumerated() {
      guard link != nil else {
        // Copying, or closed amid these.
        for rest in pushed[index...] { refuse(rest) }
        break
      }
      if exchange.isSettled {
        slot?.ended()
        continue
      }
      if exchange.standsAlone { sendGarbage() }
      if link != nil { send(exchange) } else { refuse(exchange) }
    }
    if link != nil { flush() }
  }

  private func refuse(_ exchange: Exchange) {
    let error = DatabaseError(.misuse, "The transaction is copying.", statement: exchange.name)
    exchange.settle(.failure(isClosed ? Self.notSent(exchange) : error))
  }

  private func send(_ exchange: Exchange) {
    var commands: [PipelineMachine<CommandResult, PreparedStatement>.Command] = []
    commands.reserveCapacity(exchange.commands.count + 2)
    var isSent = true
    for command in exchange.commands where isSent { isSent = send(command, noting: &commands) }
    isSent = isSent && link?.sync() == true
    // Even when the connection broke meanwhile: the server may have got some of it.
    machine.sent(commands)
    exchanges.append(exchange)
    if !isSent { closeBroken() }
  }

  private func send(
    _ command: Command, noting commands: inout [PipelineMachine<CommandResult, PreparedStatement>.Command]
  ) -> Bool {
    switch command {
    case .become(let role):
      commands.append(.plain)
      return link?.execute(Self.becomeName, EncodedParameters(text: role)) == true
    case .control(let sql):
      commands.append(.output)
      return link?.execute(unprepared: sql) == true
    case .describe(let statement):
      commands.append(.plain)
      commands.append(.output)
      return link?.prepare("", statement.sql) == true && link?.describe("") == true
    case .run(let shape, let role, let parameters):
      let key = StatementCache.Key(shape: shape, role: role)
      let name: String
      switch statements.lookUp(key) {
      case .prepared(let known): name = known
      case .missing(let new):
        name = new
        commands.append(.prepare(PreparedStatement(key: key, name: new)))
        guard link?.prepare(new, shape.statement.sql, types: shape.types) == true else { return false }
      }
      commands.append(.run(PreparedStatement(key: key, name: name)))
      return link?.execute(name, parameters) == true
    }
  }

  /// Frees statements that nobody will use again, in a group of their own.
  private func sendGarbage() {
    let names = statements.takeGarbage()
    guard !names.isEmpty else { return }
    for name in names {
      guard link?.execute(unprepared: "deallocate \(name)") == true else { return closeBroken() }
    }
    guard link?.sync() == true else { return closeBroken() }
    machine.sent(names.map { _ in .plain })
    exchanges.append(nil)
  }

  /// Sends what libpq has buffered, and waits for the socket when it is full.
  func flush() {
    switch link?.flush() {
    case .done: watch?.setWriting(false)
    case .pending: watch?.setWriting(true)
    case .failed: closeBroken()
    case nil: break
    }
  }

  /// Reads all that has come.
  func receive() {
    // An event may still come when another mode has just begun.
    guard link != nil else { return }
    repeat {
      guard link?.consumeInput() == true else {
        // What came before the end still counts.
        receiveReplies()
        return closeBroken()
      }
      receiveReplies()
      receiveNotifications()
    } while watch?.isReady(reading: true, writing: false) == true && link != nil
    if link != nil { flush() }
  }

  private func receiveReplies() {
    while !machine.isEmpty, let reply = nextReply() {
      switch machine.received(reply) {
      case .none: continue
      case .end(let end): groupEnded(end)
      case .broken(let error):
        return close(.failed(error?.message ?? "The server's answers do not fit what it was asked."))
      }
    }
  }

  /// Nil when there is none yet, or the connection was closed because of it.
  private func nextReply() -> PipelineMachine<CommandResult, PreparedStatement>.Reply? {
    guard let event = link?.next() else { return nil }
    switch consume event {
    case .pending: return nil
    case .commandEnded: return .commandEnded
    case .completed(let tag): return .output(.completed(tag: tag))
    case .rows(let result): return .output(.rows(result.rows(of: exchanges.first??.name ?? "")))
    case .parameterTypes(let types): return .output(.parameterTypes(types))
    case .failed(let error): return .failed(error)
    case .skipped: return .skipped
    case .synced: return .synced
    case .copy:
      close(.failed("COPY was sent where only other statements can be."))
      return nil
    }
  }

  private func groupEnded(_ end: PipelineMachine<CommandResult, PreparedStatement>.End) {
    for tag in end.unprepared { statements.preparationFailed(tag.key, name: tag.name) }
    for tag in end.stale { statements.becameStale(tag.key, name: tag.name) }
    guard let exchange = exchanges.removeFirst() else { return }
    slot?.ended()
    exchange.settle(end.result.mapError { DatabaseError($0, statement: exchange.name) })
  }

  private func receiveNotifications() {
    while let message = link?.nextNotification() {
      notifications?.yield(ChannelMessage(channel: message.channel, payload: message.payload))
    }
  }

  func closeBroken() {
    let reason = link?.failure ?? plain?.failure ?? ""
    close(.failed(reason.isEmpty ? "The connection broke." : reason))
  }
}
