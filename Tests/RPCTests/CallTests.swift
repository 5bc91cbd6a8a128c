import EchoService
import Messages
import NIOCore
import RPC
import Testing

/// Our client against our server, over a socket.
@Suite(.timeLimit(.minutes(1)))
struct CallTests {
  @Test("a unary call answers with its response")
  func unary() async throws {
    try await EchoFixture.run { echo in
      let answer = try await echo.client.call(Echo.echo, Blob("hello"))
      #expect(answer == Blob("hello"))
      let empty = try await echo.client.call(Echo.echo, Blob())
      #expect(empty == Blob())
    }
  }

  @Test("a thousand callers at once each get their own answer")
  func concurrency() async throws {
    try await EchoFixture.run { echo in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<1_000 {
          group.addTask { try await echo.client.call(Echo.echo, Blob("\(number)")) == Blob("\(number)") }
        }
        for try await isRight in group { #expect(isRight) }
      }
    }
  }

  @Test("an error arrives with its message, reason, violations and resource")
  func errorDetails() async throws {
    try await EchoFixture.run { echo in
      let error = await #expect(throws: RPCError.self) { try await echo.client.call(Echo.fail, Blob()) }
      #expect(error?.code == .notFound)
      #expect(error?.message == "Kein Profil „42“: 100 % weg.\nLegen Sie es an.")
      #expect(error?.reason == "PROFILE_NOT_FOUND")
      #expect(error?.fieldViolations == [FieldViolation(field: "profile.name", description: "names nothing")])
      #expect(error?.resource == "entities/b2c/profileTables/customers/profiles/42")
    }
  }

  @Test("a stream of requests is collected, much larger than any window")
  func clientStreaming() async throws {
    try await EchoFixture.run { echo in
      let answer = try await echo.client.call(Echo.collect) { requests in
        for _ in 0..<100 { try await requests.send(Blob([UInt8](repeating: 1, count: 100_000))) }
      }
      #expect(answer.text == "100 10000000")
    }
  }

  @Test("a stream of responses arrives whole and in order, much larger than any window")
  func serverStreaming() async throws {
    try await EchoFixture.run { echo in
      let firsts = try await echo.client.call(Echo.expand, Blob("100 100000")) { responses in
        var firsts: [UInt8] = []
        for try await response in responses {
          #expect(response.value.count == 100_000)
          firsts += response.value.prefix(1)
        }
        return firsts
      }
      #expect(firsts == (0..<100).map { UInt8($0) })
    }
  }

  @Test("both sides of a chat take turns")
  func bidirectional() async throws {
    try await EchoFixture.run { echo in
      try await echo.client.call(Echo.chat) { requests, responses in
        var iterator = responses.makeAsyncIterator()
        for number in 0..<100 {
          try await requests.send(Blob("\(number)"))
          #expect(try await iterator.next() == Blob("\(number)"))
        }
        try await requests.finish()
        #expect(try await iterator.next() == nil)
      }
    }
  }

  @Test("a deadline ends the call on both sides")
  func deadline() async throws {
    try await EchoFixture.run { echo in
      _ = try await echo.client.call(Echo.echo, Blob())
      // A busy machine may need longer than that to begin the call.
      while echo.service.count("hang.started") == 0 {
        let error = await #expect(throws: RPCError.self) {
          try await echo.client.call(Echo.hang, Blob(), options: CallOptions(timeout: .seconds(1)))
        }
        #expect(error?.code == .deadlineExceeded)
      }
      await echo.waits(for: "hang.cancelled")
    }
  }

  @Test("cancelling the caller's task cancels the handler's")
  func cancellation() async throws {
    try await EchoFixture.run { echo in
      let call = Task { try await echo.client.call(Echo.hang, Blob()) }
      await echo.waits(for: "hang.started")
      call.cancel()
      let error = await #expect(throws: RPCError.self) { try await call.value }
      #expect(error?.code == .cancelled)
      await echo.waits(for: "hang.cancelled")
    }
  }

  @Test("leaving a stream early cancels it on the server")
  func leaving() async throws {
    try await EchoFixture.run { echo in
      try await echo.client.call(Echo.chat) { requests, responses in
        try await requests.send(Blob("a"))
        var iterator = responses.makeAsyncIterator()
        _ = try await iterator.next()
      }
      await echo.waits(for: "chat.failed")
    }
  }

  @Test("metadata goes both ways, text and bytes")
  func metadata() async throws {
    try await EchoFixture.run { echo in
      var metadata = Metadata()
      metadata.append("x-name", "value, with comma")
      metadata.append("x-data-bin", bytes: [0, 255, 1])
      try await echo.client.raw(path: "/rapport.testing.Echo/Echo", options: CallOptions(metadata: metadata)) {
        requests, responses in
        try await requests.send(ByteBuffer(bytes: Blob("x").encoded()))
        try await requests.finish()
        #expect(try await responses.initialMetadata.first("x-name") == "value, with comma")
        #expect(try await responses.initialMetadata.firstBytes("x-data-bin") == [0, 255, 1])
        #expect(try await responses.next() == ByteBuffer(bytes: Blob("x").encoded()))
        #expect(try await responses.next() == nil)
        #expect(await responses.trailingMetadata.firstBytes("x-data-bin") == [0, 255, 1])
      }
    }
  }

  @Test("a writer stops when the reader does not read")
  func backPressure() async throws {
    try await EchoFixture.run { echo in
      try await echo.client.call(Echo.expand, Blob("10000 10000")) { responses in
        var iterator = responses.makeAsyncIterator()
        _ = try await iterator.next()
        var sent = 0
        repeat {
          sent = echo.service.count("expand.sent")
          for _ in 0..<10_000 { await Task.yield() }
        } while echo.service.count("expand.sent") != sent
        #expect(sent < 200)
        var count = 1
        while try await iterator.next() != nil { count += 1 }
        #expect(count == 10_000)
      }
    }
  }

  @Test("without a server a call fails at once, as unavailable")
  func unreachable() async throws {
    let client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: 1)], logger: EchoFixture.logger)
    let error = await #expect(throws: RPCError.self) { try await client.call(Echo.echo, Blob()) }
    #expect(error?.code == .unavailable)
    await client.close()
  }

  @Test("a call that waits for a server ends at its deadline")
  func waitingForReady() async throws {
    let client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: 1)], logger: EchoFixture.logger)
    let options = CallOptions(timeout: .milliseconds(50), waitsForReady: true)
    let error = await #expect(throws: RPCError.self) { try await client.call(Echo.echo, Blob(), options: options) }
    #expect(error?.code == .deadlineExceeded)
    await client.close()
  }
}
