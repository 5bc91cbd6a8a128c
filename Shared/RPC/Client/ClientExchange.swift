import Messages
import NIOCore
import Synchronization

/// One call with a stream at either end, as its caller sees it: goes to another connection as long as no server has
/// seen it and what was sent is still at hand.
final class ClientExchange: Sendable {
  /// Request bytes that are kept for another attempt; a call that has sent more stays where it is.
  private static let replayLimit = 256 << 10

  fileprivate struct State {
    var stream: ClientStreamHandle?
    var attempts = 0
    /// What was sent; nil when the call stays with its stream.
    var replay: [FramedMessage]? = []
    var replaySize = 0
    var isEnded = false
    var opening: Task<ClientStreamHandle, any Error>?
  }

  private let pool: ConnectionPool
  private let configuration: ClientConfiguration
  private let headers: RequestHeaders
  private let deadline: Deadline?
  private let waitsForReady: Bool
  private let state = Mutex(State())

  /// - Parameter request: the one request of the call, when it takes one.
  init(
    pool: ConnectionPool, configuration: ClientConfiguration, headers: RequestHeaders, deadline: Deadline?,
    waitsForReady: Bool, request: FramedMessage?
  ) {
    self.pool = pool
    self.configuration = configuration
    self.headers = headers
    self.deadline = deadline
    self.waitsForReady = waitsForReady
    if let request {
      state.withLock { state in
        state.replay = [request]
        state.isEnded = true
      }
    }
  }

  /// The response of a method that gives one.
  func onlyResponse() async throws -> ByteBuffer {
    guard let message = try await next() else {
      throw RPCError(.unimplemented, "The method gives one response message; none came.")
    }
    guard try await next() == nil else {
      throw RPCError(.unimplemented, "The method gives one response message; more came.")
    }
    return message
  }

  /// The next response message, or nil at the end.
  func next() async throws -> ByteBuffer? {
    try await attempt { stream in
      let message = try await stream.pipe.next()
      self.commit()
      return message
    }
  }

  func initialMetadata() async throws -> Metadata {
    try await attempt { stream in
      let metadata = try await stream.initialMetadata()
      self.commit()
      return metadata
    }
  }

  func trailingMetadata() async -> Metadata {
    await state.withLock { $0.stream }?.trailingMetadata() ?? Metadata()
  }

  func send(_ message: ByteBuffer) async throws {
    try await send(
      framed: FramedMessage(
        message, maxSize: configuration.maxRequestSize, compression: headers.compression))
  }

  func send(_ message: some Message) async throws {
    try await send(
      framed: FramedMessage(
        message, maxSize: configuration.maxRequestSize, compression: headers.compression))
  }

  /// Tells the server that no message follows.
  func halfClose() async throws {
    let stream = state.withLock { state in
      state.isEnded = true
      return state.opening == nil ? state.stream : nil
    }
    if let stream {
      try await stream.halfClose()
    } else {
      _ = try await current()
    }
  }

  /// Ends the call if it has not ended.
  func cancel() {
    let (stream, opening) = state.withLock { ($0.stream, $0.opening) }
    opening?.cancel()
    stream?.cancel(.callerCancelled)
  }

  private func send(framed message: FramedMessage) async throws {
    // A message that is recorded while a stream is being opened goes out with the opening.
    let stream = state.withLock { state in
      state.record(message, limit: Self.replayLimit)
      return state.stream
    }
    guard let stream else {
      _ = try await current()
      return
    }
    do {
      try await stream.pipe.send(framed: message)
    } catch let error as RPCError where error.isUnseen {
      try forget(stream, error)
      _ = try await current()
    }
  }
}

extension ClientExchange.State {
  fileprivate mutating func record(_ message: FramedMessage, limit: Int) {
    guard replay != nil else { return }
    replaySize += message.count
    // In one piece of its own: it may be part of a large buffer of what was read.
    replay?.append(FramedMessage(framed: message.joined))
    // Without a stream the messages have gone nowhere yet, so they must be kept.
    if replaySize > limit && stream != nil { replay = nil }
  }
}

// MARK: - Attempts

extension ClientExchange {
  /// Does something with the call's stream, again with another one when no server saw the first.
  private func attempt<Result>(_ body: (ClientStreamHandle) async throws -> Result) async throws -> Result {
    while true {
      let stream = try await current()
      do {
        return try await body(stream)
      } catch let error as RPCError where error.isUnseen {
        try forget(stream, error)
      }
    }
  }

  /// The server has answered: the call stays where it is.
  private func commit() {
    state.withLock { $0.replay = nil }
  }

  /// Gives up a stream that no server saw.
  ///
  /// - Throws: `error`, when there can be no other attempt.
  private func forget(_ stream: ClientStreamHandle, _ error: RPCError) throws {
    try state.withLock { state in
      guard state.stream?.isSame(as: stream) == true else { return }
      guard state.replay != nil, state.attempts < configuration.maxAttempts else { throw error }
      state.stream = nil
    }
  }

  private enum Current {
    case stream(ClientStreamHandle)
    case opening(Task<ClientStreamHandle, any Error>)
  }

  /// The stream, opened by whoever needs it first.
  private func current() async throws -> ClientStreamHandle {
    let current: Current = state.withLock { state in
      if let stream = state.stream { return .stream(stream) }
      if let opening = state.opening { return .opening(opening) }
      state.attempts += 1
      let opening = Task(executorPreference: LoopExecutor.current) { try await self.open() }
      state.opening = opening
      return .opening(opening)
    }
    switch current {
    case .stream(let stream): return stream
    case .opening(let opening):
      return try await withTaskCancellationHandler {
        try await opening.value
      } onCancel: {
        opening.cancel()
      }
    }
  }

  private func open() async throws -> ClientStreamHandle {
    do {
      let attempt = state.withLock { $0.attempts }
      if attempt > 2 { try await RPCClient.pause(before: attempt) }
      let connection = try await pool.connection(deadline: deadline, waitsForReady: waitsForReady)
      let (messages, isEnded) = state.withLock { ($0.replay ?? [], $0.isEnded) }
      let stream = try await connection.open(headers, messages, isLast: isEnded, deadline: deadline)
      try await settle(stream, sent: messages.count, isEnded: isEnded)
      return stream
    } catch let error as RPCError where error.isUnseen {
      let mayRetry = state.withLock { state in
        state.attempts += 1
        return state.attempts <= configuration.maxAttempts
      }
      if mayRetry { return try await open() }
      state.withLock { $0.opening = nil }
      throw error
    } catch {
      state.withLock { $0.opening = nil }
      throw error
    }
  }

  /// Sends what was recorded while the stream was opened, then makes it the call's stream.
  private func settle(_ stream: ClientStreamHandle, sent: Int, isEnded: Bool) async throws {
    var sent = sent
    var isEnded = isEnded
    while true {
      let (rest, mustEnd) = state.withLock { state in
        let rest = Array((state.replay ?? []).dropFirst(sent))
        let mustEnd = state.isEnded && !isEnded
        if rest.isEmpty && !mustEnd {
          state.stream = stream
          state.opening = nil
        }
        return (rest, mustEnd)
      }
      if rest.isEmpty && !mustEnd { return }
      for message in rest { try await stream.pipe.send(framed: message) }
      sent += rest.count
      if mustEnd {
        try await stream.halfClose()
        isEnded = true
      }
    }
  }
}
