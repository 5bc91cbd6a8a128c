import NIOCore
import RPC

/// Moves the messages of one call between its two connections.
struct ProxiedExchange: Sendable {
  let requests: RawRequestStream
  let responses: RawResponseWriter
  let upstream: RawRequestWriter
  let downstream: RawResponseStream
  let call: Call
  let watch: CallGuard

  /// Sends the request of a method that takes one message.
  ///
  /// When the service has answered already and takes no more, what it answered counts, not that it took no more.
  func sendOnly(_ message: ByteBuffer) async throws {
    try await ignoringEndedCall {
      try await upstream.send(message)
      try await upstream.finish()
    }
  }

  /// Passes on what the service answers, until it has ended the call with success.
  ///
  /// - Throws: ``RPCError`` with the service's status, details and trailing metadata.
  func passAnswer(stream: Bool) async throws {
    call.setInitialMetadata(try await downstream.initialMetadata)
    if stream { try await responses.sendInitialMetadata() }
    while let message = try await downstream.next() {
      if stream { try watch.recheck() }
      try await responses.send(message)
    }
    call.setTrailingMetadata(await downstream.trailingMetadata)
  }

  /// Passes requests on and answers back until the service has ended the call. What the client sends after that is not
  /// read.
  func passBothWays(first: ByteBuffer, stream: Bool) async throws {
    try await withThrowingTaskGroup(of: Side.self) { sides in
      sides.addTask {
        try await passRequests(first: first)
        return .requests
      }
      sides.addTask {
        try await passAnswer(stream: stream)
        return .answers
      }
      for try await side in sides where side == .answers { break }
      sides.cancelAll()
    }
  }

  private enum Side { case requests, answers }

  private func passRequests(first: ByteBuffer) async throws {
    var next: ByteBuffer? = first
    while let message = next {
      guard try await ignoringEndedCall({ try await upstream.send(message) }) else { return }
      next = try await requests.next()
      if let next { try await watch.admit(next) }
    }
    try await ignoringEndedCall { try await upstream.finish() }
  }

  /// - Returns: whether the service still took what was sent.
  @discardableResult
  private func ignoringEndedCall(_ send: () async throws -> Void) async throws -> Bool {
    do {
      try await send()
      return true
    } catch let error as CancellationError {
      throw error
    } catch {
      return false
    }
  }
}
