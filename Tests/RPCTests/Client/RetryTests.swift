import EchoService
import RPC
import Testing

/// Calls that a server turned away unseen are made again; others are not.
@Suite(.timeLimit(.minutes(1)))
struct RetryTests {
  /// Gives the body a client of a real server and of one that turns every call away, until that one was asked.
  private func run(
    _ answer: RawPeer.Answer, _ body: (RPCClient) async throws -> Void
  ) async throws {
    let peer = try await RawPeer(answer)
    try await EchoFixture.run { echo in
      let addresses = [peer.port, echo.port].map { HostPort(host: "127.0.0.1", port: $0) }
      var configuration = ClientConfiguration()
      configuration.maxAttempts = 100
      let client = RPCClient(addresses: addresses, configuration: configuration, logger: EchoFixture.logger)
      while peer.requests < 3 { try await body(client) }
      await client.close()
    }
    try await peer.close()
  }

  @Test("a unary call finds another server", arguments: [RawPeer.Answer.refusal, .goAway])
  func unary(answer: RawPeer.Answer) async throws {
    try await run(answer) { client in
      let response = try await client.call(Echo.echo, Blob("x"))
      #expect(response == Blob("x"))
    }
  }

  @Test("a stream of responses comes from another server", arguments: [RawPeer.Answer.refusal, .goAway])
  func serverStreaming(answer: RawPeer.Answer) async throws {
    try await run(answer) { client in
      try await client.call(Echo.expand, Blob("3 10")) { responses in
        var count = 0
        for try await _ in responses { count += 1 }
        #expect(count == 3)
      }
    }
  }

  @Test("a chat is repeated from its first message", arguments: [RawPeer.Answer.refusal, .goAway])
  func bidirectional(answer: RawPeer.Answer) async throws {
    try await run(answer) { client in
      try await client.call(Echo.chat) { requests, responses in
        for text in ["a", "b", "c"] { try await requests.send(Blob(text)) }
        try await requests.finish()
        var texts: [String] = []
        for try await response in responses { texts.append(response.text) }
        #expect(texts == ["a", "b", "c"])
      }
    }
  }

  @Test("a stream of requests is repeated", arguments: [RawPeer.Answer.refusal, .goAway])
  func clientStreaming(answer: RawPeer.Answer) async throws {
    try await run(answer) { client in
      let response = try await client.call(Echo.collect) { requests in
        for _ in 0..<10 { try await requests.send(Blob("0123456789")) }
      }
      #expect(response.text == "10 100")
    }
  }

  @Test("where nobody takes a call, it fails as unavailable after its attempts")
  func exhausted() async throws {
    let peer = try await RawPeer(.refusal)
    var configuration = ClientConfiguration()
    configuration.maxAttempts = 3
    let client = RPCClient(
      addresses: [HostPort(host: "127.0.0.1", port: peer.port)], configuration: configuration,
      logger: EchoFixture.logger)
    let unary = await #expect(throws: RPCError.self) { try await client.call(Echo.echo, Blob()) }
    #expect(unary?.code == .unavailable)
    #expect(peer.requests == 3)
    let stream = await #expect(throws: RPCError.self) {
      try await client.call(Echo.expand, Blob("1 1")) { responses in
        for try await _ in responses {}
      }
    }
    #expect(stream?.code == .unavailable)
    #expect(peer.requests == 6)
    await client.close()
    try await peer.close()
  }
}
