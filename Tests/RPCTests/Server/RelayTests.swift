import EchoService
import Messages
import NIOCore
import NIOPosix
import RPC
import Synchronization
import Testing

/// A server that relays to another, and counts whose work each call was.
private final class RelayFixture: Sendable {
  let client: RPCClient
  private let server: RPCServer
  private let onward: RPCClient
  private let group: MultiThreadedEventLoopGroup
  private let counts = Counts()

  /// Counts calls, and is told of relayed ones.
  final class Counts: ServerInterceptor {
    private let counts = Mutex<[String: Int]>([:])

    subscript(name: String) -> Int { counts.withLock { $0[name, default: 0] } }

    func add(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }

    func relayBegan(_ call: Call) { add("relayed") }

    func relayEnded(_ call: Call, _ code: StatusCode?, after time: Duration) {
      add(code.map { "relayed \($0)" } ?? "left to the handler")
    }
  }

  init(onto ports: [Int], refuses: Bool = false) async throws {
    // One loop, so that the connection onward is of the loop that serves.
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var configuration = ClientConfiguration()
    configuration.maxAttempts = 100
    let onward = RPCClient(
      addresses: ports.map { HostPort(host: "127.0.0.1", port: $0) }, configuration: configuration, group: group,
      logger: EchoFixture.logger)
    self.onward = onward
    var router = Router()
    let counts = counts
    for method in [Echo.echo.info, Echo.fail.info, Echo.hang.info] {
      router.handle(
        raw: method,
        relaying: { call, _ in
          refuses ? nil : RelayDestination(client: onward, options: Self.options(call)) { Self.tell($0) }
        }
      ) { requests, responses, call in
        counts.add("handled")
        try await onward.raw(path: call.path, options: Self.options(call)) { sends, receives in
          for try await request in requests { try await sends.send(request) }
          try await sends.finish()
          for try await response in receives { try await responses.send(response) }
        }
      }
    }
    server = RPCServer(
      router: router, interceptors: [counts], configuration: ServerConfiguration(), group: group,
      logger: EchoFixture.logger)
    let port = try await server.start().port ?? 0
    client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: port)], logger: EchoFixture.logger)
  }

  private static func options(_ call: Call) -> CallOptions {
    CallOptions(deadline: call.deadline, metadata: call.metadata)
  }

  private static func tell(_ error: RPCError) -> RPCError {
    error.code == .unavailable ? RPCError(.unavailable, "Told otherwise.") : error
  }

  func count(_ name: String) -> Int { counts[name] }

  func waits(for name: String, _ count: Int = 1) async {
    while counts[name] < count { await Task.yield() }
  }

  /// Calls until one was relayed: before, there is no connection onward.
  func warmUp() async throws {
    while counts["relayed OK"] == 0 { _ = try await client.call(Echo.echo, Blob("warm")) }
  }

  func close() async throws {
    await client.close()
    await server.drain(grace: .seconds(10))
    await onward.close()
    try await group.shutdownGracefully()
  }
}

@Suite("A call that is relayed", .timeLimit(.minutes(1)))
struct RelayTests {
  private struct Seen: Equatable {
    var messages: [ByteBuffer] = []
    var before: Metadata
    var after: Metadata
  }

  /// All that comes of a call.
  private func seen(by client: RPCClient, _ options: CallOptions) async throws -> Seen {
    try await client.raw(path: Echo.echo.info.path, options: options) { sends, receives in
      try await sends.send(ByteBuffer(bytes: try Blob("hello").encoded()))
      try await sends.finish()
      var messages: [ByteBuffer] = []
      for try await message in receives { messages.append(message) }
      let (before, after) = (try await receives.initialMetadata, await receives.trailingMetadata)
      return Seen(messages: messages, before: before, after: after)
    }
  }

  @Test("passes whole, with the metadata of both sides")
  func whole() async throws {
    try await EchoFixture.run { echo in
      let relay = try await RelayFixture(onto: [echo.port])
      try await relay.warmUp()
      var options = CallOptions()
      options.metadata.append("x-echo", "there and back")
      let direct = try await seen(by: echo.client, options)
      var (relayed, handled) = (direct, 0)
      // A request that comes in two pieces is the handler's, which passes no metadata on.
      repeat {
        handled = relay.count("handled")
        relayed = try await seen(by: relay.client, options)
      } while relay.count("handled") != handled
      #expect(relayed == direct)
      #expect(direct.messages == [ByteBuffer(bytes: try Blob("hello").encoded())])
      #expect(direct.before == options.metadata)
      try await relay.close()
    }
  }

  @Test("fails as it failed there, with every detail, and the interceptors are told")
  func failure() async throws {
    try await EchoFixture.run { echo in
      let relay = try await RelayFixture(onto: [echo.port])
      try await relay.warmUp()
      let direct = await #expect(throws: RPCError.self) { try await echo.client.call(Echo.fail, Blob()) }
      let passed = await #expect(throws: RPCError.self) { try await relay.client.call(Echo.fail, Blob()) }
      #expect(passed?.message == direct?.message)
      #expect(passed?.details == direct?.details)
      #expect(relay.count("relayed NOT_FOUND") == 1)
      try await relay.close()
    }
  }

  @Test("ends there when its caller waits no longer")
  func abandoned() async throws {
    try await EchoFixture.run { echo in
      let relay = try await RelayFixture(onto: [echo.port])
      try await relay.warmUp()
      let handled = relay.count("handled")
      let call = Task { try await relay.client.call(Echo.hang, Blob()) }
      await echo.waits(for: "hang.started")
      call.cancel()
      await echo.waits(for: "hang.cancelled")
      // A busy machine may need longer than that to begin the call.
      while echo.service.count("hang.started") == 1 {
        let late = await #expect(throws: RPCError.self) {
          try await relay.client.call(Echo.hang, Blob(), options: CallOptions(timeout: .milliseconds(500)))
        }
        #expect(late?.code == .deadlineExceeded)
      }
      await echo.waits(for: "hang.cancelled", 2)
      #expect(relay.count("handled") == handled)
      try await relay.close()
    }
  }

  @Test("is left to the handler when no server saw it", arguments: [RawPeer.Answer.refusal, .goAway])
  func unseen(answer: RawPeer.Answer) async throws {
    let peer = try await RawPeer(answer)
    try await EchoFixture.run { echo in
      let relay = try await RelayFixture(onto: [peer.port, echo.port])
      while relay.count("left to the handler") < 3 {
        #expect(try await relay.client.call(Echo.echo, Blob("x")) == Blob("x"))
      }
      try await relay.close()
    }
    try await peer.close()
  }

  @Test("is served by the handler where no destination is told, and one that no connection is ready for")
  func handled() async throws {
    try await EchoFixture.run { echo in
      let relay = try await RelayFixture(onto: [echo.port], refuses: true)
      for _ in 0..<3 { #expect(try await relay.client.call(Echo.echo, Blob("x")) == Blob("x")) }
      #expect(relay.count("handled") == 3)
      #expect(relay.count("relayed") == 0)
      try await relay.close()
    }
  }

  @Test("passes with a message that comes in many pieces")
  func large() async throws {
    try await EchoFixture.run { echo in
      let relay = try await RelayFixture(onto: [echo.port])
      try await relay.warmUp()
      let blob = Blob([UInt8](repeating: 7, count: 3 << 20))
      #expect(try await relay.client.call(Echo.echo, blob) == blob)
      try await relay.close()
    }
  }
}
