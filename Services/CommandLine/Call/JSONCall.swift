import Messages
import NIOCore
import RPC
import Synchronization

/// One call of any method: messages from the command line in, messages in JSON out, both as they come.
struct JSONCall {
  let method: MethodInfo
  let session: Session

  /// Calls, and prints every answer.
  func run(_ requests: JSONRequests) async throws {
    try await session.raw(method) { writer, responses in
      switch method.kind {
      case .unary, .serverStreaming:
        try await send(requests, to: writer)
        try await printAll(responses)
      case .clientStreaming, .bidirectional:
        try await exchange(requests, writer, responses)
      }
    }
  }

  private func send(_ requests: JSONRequests, to writer: RawRequestWriter) async throws {
    try await requests.forEach(as: method.request) { try await writer.send(ByteBuffer(bytes: $0)) }
    try await writer.finish()
  }

  private func printAll(_ responses: RawResponseStream) async throws {
    while let message = try await responses.next() {
      try session.output.print(wire: Array(message.readableBytesView), as: method.response)
    }
  }

  /// Sends while it prints. What the server says ends the call at once, even while standard input is waited for:
  /// nothing interrupts a read, so the sending task is not waited for, and ends with the process.
  private func exchange(
    _ requests: JSONRequests, _ writer: RawRequestWriter, _ responses: RawResponseStream
  ) async throws {
    let failure = FirstFailure()
    let receiving = Task { try await printAll(responses) }
    let sending = Task {
      do {
        try await send(requests, to: writer)
      } catch let error as CommandError {
        failure.set(error)
        receiving.cancel()
      }
    }
    let outcome = await receiving.result
    sending.cancel()
    if let error = failure.error { throw error }
    try outcome.get()
  }
}

/// Why the sending side gave up, seen by the receiving one.
private final class FirstFailure: Sendable {
  private let state = Mutex<CommandError?>(nil)

  var error: CommandError? { state.withLock { $0 } }

  func set(_ error: CommandError) {
    state.withLock { $0 = $0 ?? error }
  }
}
