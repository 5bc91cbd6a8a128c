import DequeModule
import Dispatch
import Logging
import Synchronization

/// One session with PostgreSQL: an actor on a serial queue of its own, where its socket's events run, too.
///
/// Groups that are pushed are sent in that order, each as commands and a Sync, without waiting for the answers of those
/// before. A session that is lost stays lost; its owner opens another.
actor Connection {
  nonisolated let executor = QueueExecutor(label: "rapport.database")
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  nonisolated let parameters: ConnectionParameters
  nonisolated let slot: LaneSlot?
  let notifications: AsyncStream<ChannelMessage>.Continuation?
  let logger: Logger

  var watch: SocketWatch?
  /// Nil while the session is being made, while it copies, and after its end.
  var link: PipelineLink?
  /// Set while it copies or runs a script.
  var plain: PlainLink?
  /// Numbers the copies of this session.
  var lastCopy = 0
  var isClosed = false

  var statements: StatementCache
  var machine = PipelineMachine<CommandResult, PreparedStatement>()
  /// The groups in `machine`, in its order; nil for those that nobody waits for.
  var exchanges: Deque<Exchange?> = []

  /// Who waits for the socket, when one exchange after the other is not what is going on.
  var readiness: CheckedContinuation<Void, any Error>?

  struct PreparedStatement {
    let key: StatementCache.Key
    let name: String
  }

  /// What callers of any thread put in, and the queue takes out.
  private struct Inbox {
    var exchanges: [Exchange] = []
    var isScheduled = false
    var isClosed = false
    var canceller: Canceller?
  }

  private nonisolated let inbox = Mutex(Inbox())

  init(
    _ parameters: ConnectionParameters, slot: LaneSlot? = nil,
    notifications: AsyncStream<ChannelMessage>.Continuation? = nil, logger: Logger
  ) {
    self.parameters = parameters
    self.slot = slot
    self.notifications = notifications
    self.logger = logger
    statements = StatementCache(capacity: parameters.preparedStatements)
  }

  /// Whether the session was not lost, as far as is known.
  nonisolated var isOpen: Bool { inbox.withLock { !$0.isClosed } }

  // MARK: Callers of any thread

  /// Sends a group as soon as the queue comes to it. When the session is lost before that, the group ends as
  /// `.unavailable` and safe to retry; when it is lost after that, as `.connectionLost`.
  nonisolated func push(_ exchange: Exchange) {
    let (isClosed, mustWake) = inbox.withLock { inbox -> (Bool, Bool) in
      guard !inbox.isClosed else { return (true, false) }
      inbox.exchanges.append(exchange)
      defer { inbox.isScheduled = true }
      return (false, !inbox.isScheduled)
    }
    if isClosed { exchange.settle(.failure(Self.notSent(exchange))) }
    if mustWake { executor.queue.async { self.assumeIsolated { $0.sendInbox() } } }
  }

  /// Cancels the running statement off the queue, and closes the session: a cancellation may come late and hit what
  /// runs next.
  nonisolated func abandon() {
    let canceller = inbox.withLock { $0.canceller }
    DispatchQueue.global().async {
      canceller?.cancel()
      self.executor.queue.async { self.assumeIsolated { $0.close(.abandoned) } }
    }
  }

  /// Ends the session, which nobody uses any more.
  nonisolated func release() {
    executor.queue.async { self.assumeIsolated { $0.close(.released) } }
  }

  nonisolated func socketIsReadable() {
    assumeIsolated { connection in
      if connection.readiness != nil { connection.resumeReadiness() } else { connection.receive() }
    }
  }

  nonisolated func socketIsWritable() {
    assumeIsolated { connection in
      if connection.readiness != nil { connection.resumeReadiness() } else { connection.flush() }
    }
  }

  // MARK: Ends

  /// The session is ready: from now on its groups are sent.
  func becameReady(_ canceller: Canceller?) {
    inbox.withLock { $0.canceller = canceller }
    watch?.setReading(true)
  }

  /// Takes what callers have pushed.
  func takeInbox() -> [Exchange] {
    inbox.withLock { inbox in
      inbox.isScheduled = false
      defer { inbox.exchanges = [] }
      return inbox.exchanges
    }
  }

  /// Ends the session; every group that waits is told what became of it.
  func close(_ reason: CloseReason) {
    guard !isClosed else { return }
    isClosed = true
    let unsent = inbox.withLock { inbox -> [Exchange] in
      inbox.isClosed = true
      defer { inbox.exchanges = [] }
      return inbox.exchanges
    }
    // The slot first: a caller that tries again must not come back to this connection.
    slot?.lost()
    watch?.cancel()
    watch = nil
    link = nil
    plain = nil
    settleAll(unsent: unsent, reason)
    resumeReadiness(throwing: reason.error(name: nil))
    notifications?.finish()
    if case .failed(let message) = reason {
      logger.warning("database session lost", metadata: ["reason": "\(message)"])
    }
  }

  private func settleAll(unsent: [Exchange], _ reason: CloseReason) {
    for (exchange, refusal) in zip(exchanges, machine.lost()) {
      guard let exchange else { continue }
      let error = refusal.map { DatabaseError($0, statement: exchange.name) } ?? reason.error(name: exchange.name)
      exchange.settle(.failure(error))
    }
    exchanges = []
    for exchange in unsent { exchange.settle(.failure(Self.notSent(exchange))) }
  }

  static func notSent(_ exchange: Exchange) -> DatabaseError {
    var error = DatabaseError(
      .unavailable, "The connection was lost before the statement was sent.", statement: exchange.name,
      isSafeToRetry: true)
    error.cause = .notSent
    return error
  }

  enum CloseReason: Sendable {
    /// The owner does not need it any more.
    case released
    /// A statement was cancelled or took too long.
    case abandoned
    case failed(String)

    func error(name: String?) -> DatabaseError {
      switch self {
      case .released: DatabaseError(.connectionLost, "The connection was closed.", statement: name)
      case .abandoned: DatabaseError(.connectionLost, "The statement was cancelled.", statement: name)
      case .failed(let message): DatabaseError(.connectionLost, message, statement: name)
      }
    }
  }

  func resumeReadiness(throwing error: DatabaseError? = nil) {
    guard let waiting = readiness else { return }
    readiness = nil
    if let error { waiting.resume(throwing: error) } else { waiting.resume() }
  }
}

/// A NOTIFY that has come.
struct ChannelMessage: Sendable, Equatable {
  let channel: String
  let payload: String
}
