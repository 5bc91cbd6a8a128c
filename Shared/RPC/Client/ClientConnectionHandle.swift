import NIOCore

/// A task's hold on a ``ClientConnection``, from any thread; quick on the connection's own loop.
struct ClientConnectionHandle: Sendable {
  private let connection: NIOLoopBound<ClientConnection>

  /// On the connection's loop only.
  init(_ connection: ClientConnection, _ eventLoop: any EventLoop) {
    self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
  }

  private var loop: any EventLoop { connection.eventLoop }

  /// Makes such a call for a relay, on the connection's loop.
  ///
  /// - Returns: nil when the connection takes no call; then `ended` is not called.
  func relay(
    _ headers: RequestHeaders, _ message: FramedMessage, deadline: Deadline?,
    _ ended: @escaping (Result<RawResponse, RPCError>) -> Void
  ) -> RelayedCall? {
    let connection = connection.value
    guard let stream = try? connection.open(headers, deadline: deadline, messages: [message], isLast: true) else {
      return nil
    }
    stream.waitForResponse(.relay(ended))
    return RelayedCall(connection: connection, stream: stream)
  }

  /// Makes a call with one request and one response.
  func single(
    _ headers: RequestHeaders, _ message: FramedMessage, deadline: Deadline?
  ) async throws -> RawResponse {
    if loop.inEventLoop {
      let opened = try connection.value.open(headers, deadline: deadline, messages: [message], isLast: true)
      return try await response(of: NIOLoopBound(opened, eventLoop: loop))
    }
    let wasCancelled = Flag()
    let stream = NIOLoopBoundBox<ClientStream?>.makeEmptyBox(eventLoop: loop)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        onLoop {
          do throws(RPCError) {
            let opened = try connection.value.open(headers, deadline: deadline, messages: [message], isLast: true)
            stream.value = opened
            opened.waitForResponse(.task(continuation))
            if wasCancelled.isRaised { connection.value.cancel(opened, .callerCancelled) }
          } catch {
            continuation.resume(throwing: error)
          }
        }
      }
    } onCancel: {
      wasCancelled.raise()
      onLoop {
        if let opened = stream.value { connection.value.cancel(opened, .callerCancelled) }
      }
    }
  }

  /// On the connection's loop only.
  private func response(of stream: NIOLoopBound<ClientStream>) async throws -> RawResponse {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { stream.value.waitForResponse(.task($0)) }
    } onCancel: {
      onLoop { connection.value.cancel(stream.value, .callerCancelled) }
    }
  }

  /// Opens a call with a stream at either end.
  func open(
    _ headers: RequestHeaders, _ messages: [FramedMessage], isLast: Bool, deadline: Deadline?
  ) async throws -> ClientStreamHandle {
    try await withCheckedThrowingContinuation { continuation in
      onLoop {
        do throws(RPCError) {
          let stream = try connection.value.open(headers, deadline: deadline, messages: messages, isLast: isLast)
          continuation.resume(returning: ClientStreamHandle(stream, connection))
        } catch {
          continuation.resume(throwing: error)
        }
      }
    }
  }

  private func onLoop(_ body: @escaping @Sendable () -> Void) {
    if loop.inEventLoop { body() } else { loop.execute(body) }
  }
}

/// A task's hold on a ``ClientStream``.
struct ClientStreamHandle: Sendable {
  let pipe: CallPipeHandle
  private let number: ObjectIdentifier
  private let stream: NIOLoopBound<ClientStream>
  private let connection: NIOLoopBound<ClientConnection>

  /// On the stream's loop only.
  init(_ stream: ClientStream, _ connection: NIOLoopBound<ClientConnection>) {
    pipe = CallPipeHandle(stream.pipe)
    number = ObjectIdentifier(stream)
    self.stream = NIOLoopBound(stream, eventLoop: connection.eventLoop)
    self.connection = connection
  }

  func isSame(as other: ClientStreamHandle) -> Bool {
    number == other.number
  }

  /// Tells the server that no message follows.
  func halfClose() async throws {
    try await pipe.hop { pipe in pipe.endSending() }
  }

  /// Waits for the response's head.
  func initialMetadata() async throws -> Metadata {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        onLoop { stream.value.waitForHead(continuation) }
      }
    } onCancel: {
      cancel(.callerCancelled)
    }
  }

  /// What came with the status.
  func trailingMetadata() async -> Metadata {
    await withCheckedContinuation { continuation in
      onLoop { continuation.resume(returning: stream.value.trailingMetadata) }
    }
  }

  /// Ends the call if it has not ended.
  func cancel(_ error: RPCError) {
    onLoop { connection.value.cancel(stream.value, error) }
  }

  private func onLoop(_ body: @escaping @Sendable () -> Void) {
    let loop = connection.eventLoop
    if loop.inEventLoop { body() } else { loop.execute(body) }
  }
}
