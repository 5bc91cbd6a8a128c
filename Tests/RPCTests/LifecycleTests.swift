import EchoService
import Messages
import NIOCore
import RPC
import Testing

/// How connections begin and end, between our client and our server.
@Suite(.timeLimit(.minutes(1)))
struct LifecycleTests {
  @Test("a drain lets the calls under way finish, and takes no others")
  func drain() async throws {
    try await EchoFixture.run { echo in
      try await echo.client.call(Echo.chat) { requests, responses in
        var iterator = responses.makeAsyncIterator()
        try await requests.send(Blob("before"))
        #expect(try await iterator.next() == Blob("before"))
        async let drained: Void = echo.server.drain(grace: .seconds(30))
        while (try? await echo.client.call(Echo.echo, Blob())) != nil {}
        try await requests.send(Blob("after"))
        #expect(try await iterator.next() == Blob("after"))
        try await requests.finish()
        #expect(try await iterator.next() == nil)
        await drained
      }
      #expect(echo.service.count("chat.finished") == 1)
    }
  }

  @Test("when the grace is over, what is left is cancelled")
  func grace() async throws {
    try await EchoFixture.run { echo in
      let call = Task { try await echo.client.call(Echo.hang, Blob()) }
      await echo.waits(for: "hang.started")
      await echo.server.drain(grace: .milliseconds(50))
      let error = await #expect(throws: RPCError.self) { try await call.value }
      #expect(error?.code == .unavailable)
      await echo.waits(for: "hang.cancelled")
    }
  }

  @Test("closing a client ends its calls")
  func close() async throws {
    try await EchoFixture.run { echo in
      let call = Task { try await echo.client.call(Echo.hang, Blob()) }
      await echo.waits(for: "hang.started")
      await echo.client.close()
      let error = await #expect(throws: RPCError.self) { try await call.value }
      #expect(error?.code == .cancelled)
      let late = await #expect(throws: RPCError.self) { try await echo.client.call(Echo.echo, Blob()) }
      #expect(late?.code == .cancelled)
      await echo.waits(for: "hang.cancelled")
    }
  }

  @Test("calls go on while servers come and go")
  func rolling() async throws {
    let services = [EchoService(), EchoService()]
    var servers: [RPCServer] = []
    var addresses: [HostPort] = []
    for service in services {
      let server = RPCServer(router: service.router, configuration: .init(), logger: EchoFixture.logger)
      addresses.append(HostPort(host: "127.0.0.1", port: try await server.start().port ?? 0))
      servers.append(server)
    }
    let client = RPCClient(addresses: addresses, logger: EchoFixture.logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 0..<8 {
        group.addTask {
          for number in 0..<500 {
            let text = "\(caller) \(number)"
            let answer = try await client.call(Echo.echo, Blob(text))
            #expect(answer.text == text)
          }
        }
      }
      let first = servers[0]
      group.addTask { await first.drain(grace: .seconds(30)) }
      try await group.waitForAll()
    }
    await client.close()
    await servers[1].drain(grace: .seconds(10))
  }

  @Test("a connection past its age is replaced without a failed call")
  func age() async throws {
    var configuration = ServerConfiguration()
    configuration.maxConnectionAge = .milliseconds(20)
    try await EchoFixture.run(server: configuration) { echo in
      for number in 0..<500 {
        let answer = try await echo.client.call(Echo.echo, Blob("\(number)"))
        #expect(answer.text == "\(number)")
      }
    }
  }

  @Test("a client's keepalive does not disturb a slow call")
  func keepalive() async throws {
    var client = ClientConfiguration()
    client.keepaliveTime = .milliseconds(10)
    client.keepaliveTimeout = .seconds(20)
    var server = ServerConfiguration()
    server.minPingInterval = .zero
    try await EchoFixture.run(
      server: server, client: client,
      router: { router in
        router.handle(Echo.echo) { request, _ in
          try await Task.sleep(for: .milliseconds(200))
          return request
        }
      }
    ) { echo in
      let answer = try await echo.client.call(Echo.echo, Blob("slow"))
      #expect(answer == Blob("slow"))
    }
  }

  @Test("a client that pings too often is sent away")
  func tooManyPings() async throws {
    var client = ClientConfiguration()
    client.keepaliveTime = .milliseconds(5)
    client.keepaliveTimeout = .seconds(20)
    try await EchoFixture.run(client: client) { echo in
      let error = await #expect(throws: RPCError.self) { try await echo.client.call(Echo.hang, Blob()) }
      #expect(error?.code == .unavailable)
    }
  }

  @Test("gzip goes both ways")
  func gzip() async throws {
    var configuration = ServerConfiguration()
    configuration.compression = .gzip
    try await EchoFixture.run(server: configuration) { echo in
      let large = Blob([UInt8](repeating: 7, count: 1_000_000))
      let answer = try await echo.client.call(Echo.echo, large, options: CallOptions(compression: .gzip))
      #expect(answer == large)
    }
  }

  @Test("a handler hears whether its request came compressed", arguments: [100, 100_000])
  func requestCompression(size: Int) async throws {
    try await EchoFixture.run(
      router: { router in router.handle(Echo.echo) { _, call in Blob("\(call.isRequestCompressed)") } }
    ) { echo in
      let request = Blob([UInt8](repeating: 7, count: size))
      let plain = try await echo.client.call(Echo.echo, request)
      #expect(plain.text == "false")
      let compressed = try await echo.client.call(Echo.echo, request, options: CallOptions(compression: .gzip))
      #expect(compressed.text == "\(size == 100_000)")
    }
  }

  @Test("a message above the client's limits fails at the client", arguments: [true, false])
  func clientLimits(isRequest: Bool) async throws {
    var configuration = ClientConfiguration()
    if isRequest { configuration.maxRequestSize = 100 } else { configuration.maxResponseSize = 100 }
    try await EchoFixture.run(client: configuration) { echo in
      let error = await #expect(throws: RPCError.self) {
        try await echo.client.call(Echo.echo, Blob([UInt8](repeating: 0, count: 200)))
      }
      #expect(error?.code == .resourceExhausted)
    }
  }

  @Test("a proxy passes calls of every kind on")
  func proxy() async throws {
    try await EchoFixture.run { upstream in
      let proxy = RPCServer(
        router: .proxy(to: upstream.client), configuration: ServerConfiguration(), logger: EchoFixture.logger)
      let port = try await proxy.start().port ?? 0
      let client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: port)], logger: EchoFixture.logger)
      #expect(try await client.call(Echo.echo, Blob("x")) == Blob("x"))
      let collected = try await client.call(Echo.collect) { requests in
        for _ in 0..<20 { try await requests.send(Blob([UInt8](repeating: 1, count: 100_000))) }
      }
      #expect(collected.text == "20 2000000")
      let error = await #expect(throws: RPCError.self) { try await client.call(Echo.fail, Blob()) }
      #expect(error?.reason == "PROFILE_NOT_FOUND")
      let call = Task { try await client.call(Echo.hang, Blob()) }
      await upstream.waits(for: "hang.started")
      call.cancel()
      await upstream.waits(for: "hang.cancelled")
      await client.close()
      await proxy.drain(grace: .seconds(10))
    }
  }
}
