import Dispatch
import Logging

extension Connection {
  /// Makes a session.
  ///
  /// - Throws: ``DatabaseError`` `.unavailable` with the server's or libpq's reason; `CancellationError`.
  nonisolated(nonsending) static func open(
    _ parameters: ConnectionParameters, slot: LaneSlot? = nil,
    notifications: AsyncStream<ChannelMessage>.Continuation? = nil, logger: Logger
  ) async throws -> Connection {
    let connection = Connection(parameters, slot: slot, notifications: notifications, logger: logger)
    try await withTaskCancellationHandler {
      try await connection.connect()
    } onCancel: {
      connection.abandon()
    }
    return connection
  }

  private func connect() async throws {
    let timer = DispatchWorkItem { [weak self] in
      self?.assumeIsolated { $0.close(.failed("The server did not answer in time.")) }
    }
    executor.queue.asyncAfter(deadline: .now() + parameters.timeout.interval, execute: timer)
    defer { timer.cancel() }
    do {
      try await shakeHands()
    } catch {
      close(.released)
      try Task.checkCancellation()
      throw error
    }
  }

  private func shakeHands() async throws {
    let handshake = try Handshake(parameters: parameters.keywords)
    try await advance(handshake)
    let link = try handshake.finish()
    watch = try SocketWatch(socket: link.socket, connection: self)
    let canceller = link.canceller()
    self.link = consume link
    becameReady(canceller)
    sendPreparation()
    flush()
  }

  private func advance(_ handshake: borrowing Handshake) async throws {
    while true {
      switch handshake.advance() {
      case .done: return
      case .failed: throw handshake.error
      case .waitUntilReadable: try await waitOnce(socket: handshake.socket, reading: true)
      case .waitUntilWritable: try await waitOnce(socket: handshake.socket, reading: false)
      }
    }
  }

  /// Each step gets a watch of its own, because libpq may have gone on to another socket under the same number.
  private func waitOnce(socket: Int32, reading: Bool) async throws {
    watch?.cancel()
    watch = try SocketWatch(socket: socket, connection: self)
    try await waitForSocket(reading: reading, writing: !reading)
  }

  /// Waits until the socket is ready in one of the wanted ways, or the session ends.
  func waitForSocket(reading: Bool, writing: Bool) async throws {
    guard let watch, !isClosed else { throw CloseReason.failed("The connection was closed.").error(name: nil) }
    if watch.isReady(reading: reading, writing: writing) { return }
    try await withCheckedThrowingContinuation { continuation in
      readiness = continuation
      watch.setReading(reading)
      watch.setWriting(writing)
    }
    self.watch?.setReading(false)
    self.watch?.setWriting(false)
  }
}

extension Duration {
  var interval: DispatchTimeInterval {
    .nanoseconds(Int(clamping: components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000))
  }
}
