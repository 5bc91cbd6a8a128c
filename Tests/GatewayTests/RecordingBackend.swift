import Logging
import Messages
import NIOCore
import RPC
import Synchronization

/// A service behind the gateway that keeps what reaches it and answers each message with itself; a method that gives one
/// answer gets its last message back.
final class RecordingBackend: Sendable {
  /// A call that has reached it.
  struct Received: Sendable {
    var path: String
    var metadata: Metadata
    var hasDeadline: Bool
    var messages: [[UInt8]] = []
    /// Nil while it goes on.
    var outcome: Outcome?
  }

  enum Outcome: Sendable { case answered, cancelled }

  private let state: Calls
  private let server: RPCServer
  let address: HostPort

  /// What has come, shared with the running handlers.
  private final class Calls: Sendable {
    let received = Mutex<[Received]>([])
    let failure = Mutex<RPCError?>(nil)
  }

  private init(state: Calls, server: RPCServer, address: HostPort) {
    self.state = state
    self.server = server
    self.address = address
  }

  static func start() async throws -> RecordingBackend {
    let state = Calls()
    var router = Router()
    router.fallback { requests, responses, call in
      try await serve(requests, responses, call, state)
    }
    let logger = Logger(label: "backend") { _ in SwiftLogNoOpLogHandler() }
    let server = RPCServer(router: router, configuration: ServerConfiguration(), logger: logger)
    let port = try await server.start().port ?? 0
    return RecordingBackend(state: state, server: server, address: HostPort(host: "127.0.0.1", port: port))
  }

  func stop() async { await server.drain(grace: .seconds(5)) }

  /// All calls so far.
  var received: [Received] { state.received.withLock { $0 } }

  /// Forgets the calls so far.
  func forget() { state.received.withLock { $0 = [] } }

  /// From now on every call fails with this; nil: none does.
  func fail(with error: RPCError?) { state.failure.withLock { $0 = error } }

  private static func serve(
    _ requests: RawRequestStream, _ responses: RawResponseWriter, _ call: Call, _ state: Calls
  ) async throws {
    let index = state.received.withLock { received in
      received.append(Received(path: call.path, metadata: call.metadata, hasDeadline: call.deadline != nil))
      return received.count - 1
    }
    func end(_ outcome: Outcome) { state.received.withLock { $0[index].outcome = outcome } }
    let kind = MessageRegistry.method(path: call.path)?.kind ?? .unary
    call.setInitialMetadata(.sample("backend-initial", "began"))
    call.setTrailingMetadata(.sample("backend-trailing", "ended"))
    do {
      var last = ByteBuffer()
      while let message = try await requests.next() {
        state.received.withLock { $0[index].messages.append(Array(message.readableBytesView)) }
        if let failure = state.failure.withLock({ $0 }) { throw failure }
        last = message
        if kind == .bidirectional || kind == .serverStreaming { try await responses.send(message) }
      }
      if kind == .unary || kind == .clientStreaming { try await responses.send(last) }
      end(.answered)
    } catch let error as RPCError where error.code != .cancelled {
      end(.answered)
      throw error
    } catch {
      end(.cancelled)
      throw error
    }
  }
}

extension Metadata {
  /// One field.
  static func sample(_ name: String, _ value: String) -> Metadata {
    var metadata = Metadata()
    metadata.append(name, value)
    return metadata
  }
}
