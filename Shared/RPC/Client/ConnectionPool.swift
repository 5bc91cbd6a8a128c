import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A client's connections on one event loop: decides by ``PoolMachine`` under a lock, acts outside it.
final class ConnectionPool: Sendable {
  /// Which connection: its slot, and the number of the attempt that made it.
  struct Place: Sendable, Hashable {
    let slot: Int
    let number: Int
  }

  fileprivate enum Waiter {
    /// The call was told to wait, and is on its way to do so.
    case arriving
    case waiting(CheckedContinuation<Void, any Error>)
    /// The wait was over before it began.
    case released(Result<Void, any Error>)
  }

  fileprivate struct State {
    var machine: PoolMachine
    var connections: [ClientConnectionHandle?]
    var numbers: [Int?]
    var waiters: [Int: Waiter] = [:]
    var channels: [Int: any Channel] = [:]
    var lastNumber = 0
    var lastError: (any Error)?
    var isClosed = false
  }

  private let parts: [ClientParts]
  private let configuration: ClientConfiguration
  private let loop: any EventLoop
  private let state: Mutex<State>

  /// - Parameter parts: one for each slot.
  init(parts: [ClientParts], configuration: ClientConfiguration, loop: any EventLoop) {
    self.parts = parts
    self.configuration = configuration
    self.loop = loop
    state = Mutex(
      State(
        machine: PoolMachine(slots: parts.count), connections: Array(repeating: nil, count: parts.count),
        numbers: Array(repeating: nil, count: parts.count)))
  }

  /// A connection for a call, waiting for one if need be.
  ///
  /// - Throws: UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED.
  func connection(deadline: Deadline?, waitsForReady: Bool) async throws -> ClientConnectionHandle {
    while true {
      switch try pick(waitsForReady) {
      case .ready(let connection): return connection
      case .wait(let number): try await wait(number, deadline)
      }
    }
  }

  /// The connection of a place takes calls.
  func connected(_ place: Place, _ connection: ClientConnectionHandle) {
    decide { state in
      guard state.numbers[place.slot] == place.number else { return [] }
      state.connections[place.slot] = connection
      return state.machine.connected(slot: place.slot)
    }
  }

  /// The connection of a place takes no more calls, or never will.
  func connectionEnded(_ place: Place, _ error: (any Error)? = nil) {
    decide { state in
      guard state.numbers[place.slot] == place.number else { return [] }
      state.numbers[place.slot] = nil
      state.connections[place.slot] = nil
      if let error { state.lastError = error }
      return state.machine.connectionEnded(slot: place.slot)
    }
  }

  /// Ends everything; returns when all channels are closed.
  func close() async {
    let (channels, waiters) = state.withLock { state in
      state.isClosed = true
      defer { state.waiters = [:] }
      return (Array(state.channels.values), state.waiters.values.map { $0 })
    }
    for case .waiting(let waiter) in waiters { waiter.resume(throwing: RPCError.clientClosed) }
    for channel in channels {
      channel.triggerUserOutboundEvent(ClientConnection.ShutDown(), promise: nil)
    }
    for channel in channels { try? await channel.closeFuture.get() }
  }
}

// MARK: - Waiting

extension ConnectionPool {
  private enum Pick {
    case ready(ClientConnectionHandle)
    case wait(Int)
  }

  /// A connection that is ready, for a caller on the loop itself.
  func readyHere() -> ClientConnectionHandle? {
    guard loop.inEventLoop else { return nil }
    return state.withLock { state in
      guard !state.isClosed, let slot = state.machine.takeReady() else { return nil }
      return state.connections[slot]
    }
  }

  private func pick(_ waitsForReady: Bool) throws -> Pick {
    let (pick, actions) = try state.withLock { state throws -> (Pick, [PoolMachine.Action]) in
      guard !state.isClosed else { throw RPCError.clientClosed }
      let number = state.nextNumber()
      let (pick, actions) = state.machine.pick(waiter: number, waitsForReady: waitsForReady)
      if case .use(let slot) = pick, let connection = state.connections[slot] { return (.ready(connection), actions) }
      if case .fail = pick { throw RPCError.unreachable(state.lastError) }
      state.waiters[number] = .arriving
      return (.wait(number), actions)
    }
    perform(actions)
    return pick
  }

  private func wait(_ number: Int, _ deadline: Deadline?) async throws {
    let timer = deadline.map { deadline in
      loop.scheduleTask(deadline: deadline.instant) { self.leave(number, RPCError.deadlineExceeded) }
    }
    defer { timer?.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in arrive(number, continuation) }
    } onCancel: {
      leave(number, RPCError.callerCancelled)
    }
  }

  private func arrive(_ number: Int, _ continuation: CheckedContinuation<Void, any Error>) {
    let released: Result<Void, any Error>? = state.withLock { state in
      switch state.waiters[number] {
      case .arriving:
        state.waiters[number] = .waiting(continuation)
        return nil
      case .released(let result):
        state.waiters[number] = nil
        return result
      case .waiting, nil: return .failure(RPCError.clientClosed)
      }
    }
    if let released { continuation.resume(with: released) }
  }

  private func leave(_ number: Int, _ error: RPCError) {
    state.withLock { $0.machine.waiterLeft(number) }
    release([number], .failure(error))
  }

  private func release(_ numbers: [Int], _ result: Result<Void, any Error>) {
    let continuations = state.withLock { state in numbers.compactMap { state.release($0, result) } }
    for continuation in continuations { continuation.resume(with: result) }
  }
}

extension ConnectionPool.State {
  fileprivate mutating func nextNumber() -> Int {
    lastNumber += 1
    return lastNumber
  }

  fileprivate mutating func release(
    _ number: Int, _ result: Result<Void, any Error>
  ) -> CheckedContinuation<Void, any Error>? {
    switch waiters[number] {
    case .waiting(let continuation):
      waiters[number] = nil
      return continuation
    case .arriving:
      waiters[number] = .released(result)
      return nil
    case .released, nil: return nil
    }
  }
}

// MARK: - Connecting

extension ConnectionPool {
  private func decide(_ body: (inout sending State) -> sending [PoolMachine.Action]) {
    perform(state.withLock(body))
  }

  private func perform(_ actions: [PoolMachine.Action]) {
    for action in actions {
      switch action {
      case .connect(let slot): connect(slot)
      case .rest(let slot, let failures): rest(slot, failures)
      case .wake(let numbers): release(numbers, .success(()))
      case .fail(let numbers):
        release(numbers, .failure(RPCError.unreachable(state.withLock { $0.lastError })))
      }
    }
  }

  private func rest(_ slot: Int, _ failures: Int) {
    let backOff = BackOff(minimum: configuration.minBackOff, maximum: configuration.maxBackOff)
    let wait = backOff.wait(after: failures, random: .random(in: 0...1))
    loop.scheduleTask(in: TimeAmount(wait)) {
      self.decide { state in state.isClosed ? [] : state.machine.restOver(slot: slot) }
    }
  }

  private func connect(_ slot: Int) {
    let number = state.withLock { state in
      let number = state.nextNumber()
      state.numbers[slot] = number
      return number
    }
    let place = Place(slot: slot, number: number)
    let parts = parts[slot]
    ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(configuration.connectTimeout))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try Self.assemble(channel, parts, place, self) }
      }
      .connect(host: parts.address.host, port: parts.address.port)
      .whenComplete { result in
        switch result {
        case .success(let channel): self.keep(channel, place)
        case .failure(let error): self.connectionEnded(place, error)
        }
      }
  }

  /// Remembers an open channel until it closes, and closes one that does not get ready in time.
  private func keep(_ channel: any Channel, _ place: Place) {
    let isClosed = state.withLock { state in
      state.channels[place.number] = channel
      return state.isClosed
    }
    channel.closeFuture.whenComplete { _ in
      _ = self.state.withLock { $0.channels.removeValue(forKey: place.number) }
    }
    if isClosed { return channel.close(promise: nil) }
    let timer = channel.eventLoop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) {
      if self.state.withLock({ $0.isConnecting(place) }) { channel.close(promise: nil) }
    }
    channel.closeFuture.whenComplete { _ in timer.cancel() }
  }

  private static func assemble(
    _ channel: any Channel, _ parts: ClientParts, _ place: Place, _ pool: ConnectionPool
  ) throws {
    if let contexts = try parts.tls?.get() {
      let name = parts.configuration.tls?.serverName ?? parts.address.host
      let isName = (try? SocketAddress(ipAddress: name, port: 0)) == nil
      try channel.pipeline.syncOperations.addHandler(
        NIOSSLClientHandler(context: contexts.current(), serverHostname: isName ? name : nil))
    }
    let session = try HTTP2Session(.client, settings: parts.configuration.session)
    let connection = HTTP2Connection(
      session: session, executor: .of(channel.eventLoop), eventLoop: channel.eventLoop,
      receiveBound: parts.configuration.connectionBuffer
    ) { connection in
      ClientConnection(connection: connection, parts: parts, place: place, pool: pool)
    }
    try channel.pipeline.syncOperations.addHandler(connection)
  }
}

extension ConnectionPool.State {
  fileprivate func isConnecting(_ place: ConnectionPool.Place) -> Bool {
    numbers[place.slot] == place.number && connections[place.slot] == nil
  }
}

extension ClientConfiguration {
  var session: HTTP2Session.Settings {
    HTTP2Session.Settings(
      maxConcurrentStreams: 0, maxHeaderListSize: maxHeaderListSize, streamWindow: streamWindow,
      connectionWindow: max(4 * streamWindow, 1 << 20), outgoingBuffer: outgoingBuffer)
  }
}

extension RPCError {
  static var clientClosed: RPCError { RPCError(.cancelled, "The client was closed.") }

  static var callerCancelled: RPCError {
    RPCError(.cancelled, "The caller cancelled the call.", cause: CancellationError())
  }

  static func unreachable(_ error: (any Error)?) -> RPCError {
    RPCError(.unavailable, "No address can be reached.", cause: error)
  }
}
