import HTTP
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite("The HTTP server on a real connection")
struct HTTPServerTests {
  /// Starts a server, speaks on one connection, and drains.
  private func exchange(
    configure: (inout HTTPServerConfiguration) -> Void = { _ in },
    routes: (inout HTTPRoutes) -> Void = { _ in },
    _ body: (RawConnection, HTTPServer) async throws -> Void
  ) async throws {
    var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0)
    configure(&configuration)
    var table = HTTPRoutes()
    table.on(.GET, "/hello/{name}") { .text("Hello, \($0.parameters["name"] ?? "")!") }
    table.on(.POST, "/echo", maximumBodyBytes: 8) { HTTPResponse(.ok, body: .bytes($0.body)) }
    table.on(.GET, "/fails") { _ in throw Failure(secret: "hunter2") }
    routes(&table)
    let server = HTTPServer(
      routes: table, configuration: configuration, group: .singleton,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    let address = try await server.start()
    let connection = try await RawConnection.open(address)
    try await body(connection, server)
    await server.drain(grace: .seconds(5))
    try await connection.close()
  }

  private struct Failure: Error { var secret: String }

  @Test("answers requests one after another on one connection")
  func keepsAlive() async throws {
    try await exchange { connection, _ in
      for name in ["a", "b"] {
        try await connection.send("GET /hello/\(name) HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = try await connection.receive(until: "Hello, \(name)!")
        #expect(answer.contains("HTTP/1.1 200 OK"))
        #expect(answer.lowercased().contains("connection: keep-alive"))
      }
    }
  }

  @Test("answers requests that were sent ahead, in their order")
  func pipelined() async throws {
    try await exchange { connection, _ in
      try await connection.send(
        "GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\nGET /hello/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      let answers = try await connection.receiveAll()
      let a = try #require(answers.firstRange(of: "Hello, a!"))
      let b = try #require(answers.firstRange(of: "Hello, b!"))
      #expect(a.upperBound < b.lowerBound)
    }
  }

  @Test("HEAD has the length of GET and no content")
  func head() async throws {
    try await exchange { connection, _ in
      try await connection.send("HEAD /hello/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      let answer = try await connection.receiveAll()
      #expect(answer.lowercased().contains("content-length: 9"))
      #expect(!answer.contains("Hello"))
    }
  }

  @Test("a body above the route's limit is answered 413, declared or chunked")
  func bodyLimit() async throws {
    let requests = [
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n",
    ]
    for request in requests {
      try await exchange { connection, _ in
        try await connection.send(request)
        #expect(try await connection.receiveAll().hasPrefix("HTTP/1.1 413"))
      }
    }
  }

  @Test("a body at the limit is echoed")
  func bodyAtLimit() async throws {
    try await exchange { connection, _ in
      try await connection.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\n12345678")
      #expect(try await connection.receiveAll().hasSuffix("12345678"))
    }
  }

  @Test("a request smuggled between two lengths is refused, and the connection closed")
  func smuggling() async throws {
    try await exchange { connection, _ in
      try await connection.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
          + "GET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try await connection.receiveAll()
      #expect(answer.hasPrefix("HTTP/1.1 400"))
      #expect(!answer.contains("smuggled"))
    }
  }

  @Test("headers above the limit are answered 400")
  func headerLimit() async throws {
    try await exchange {
      $0.maximumHeaderBytes = 200
    } _: { connection, _ in
      let long = String(repeating: "x", count: 300)
      try await connection.send("GET /hello/a HTTP/1.1\r\nHost: x\r\nX: \(long)\r\n\r\n")
      #expect(try await connection.receiveAll().hasPrefix("HTTP/1.1 400"))
    }
  }

  @Test(
    "what has no route, no such method, a bad or a long target is answered so",
    arguments: [
      ("GET /nothing", "404"), ("DELETE /hello/a", "405"), ("GET /a/../b", "400"),
      ("GET /" + String(repeating: "x", count: 9_000), "414"),
    ])
  func canned(request: String, status: String) async throws {
    try await exchange { connection, _ in
      try await connection.send("\(request) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      #expect(try await connection.receiveAll().hasPrefix("HTTP/1.1 \(status)"))
    }
  }

  @Test("a failing handler is answered 500, without what it threw")
  func failing() async throws {
    try await exchange { connection, _ in
      try await connection.send("GET /fails HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      let answer = try await connection.receiveAll()
      #expect(answer.hasPrefix("HTTP/1.1 500"))
      #expect(!answer.contains("hunter2"))
    }
  }

  @Test("a streamed answer comes in chunks, and is cut when its writer fails")
  func streams() async throws {
    for fails in [false, true] {
      try await exchange(routes: { routes in
        routes.on(.GET, "/stream") { _ in
          HTTPResponse(
            .ok,
            body: .stream { writer in
              try await writer.write(ByteBuffer(string: "first"))
              try await writer.write(ByteBuffer(string: "second"))
              if fails { throw Failure(secret: "") }
            })
        }
      }) { connection, _ in
        try await connection.send("GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let answer = try await connection.receiveAll()
        #expect(answer.contains("5\r\nfirst\r\n6\r\nsecond\r\n"))
        #expect(answer.hasSuffix("0\r\n\r\n") == !fails)
      }
    }
  }

  @Test("a connection that sends no request is closed")
  func slowHeader() async throws {
    try await exchange {
      $0.idleTime = .milliseconds(20)
    } _: { connection, _ in
      try await connection.send("GET /hello/a HTT")
      #expect(try await connection.receiveAll() == "")
    }
  }

  @Test("a body that stalls is answered 408")
  func slowBody() async throws {
    try await exchange {
      $0.bodyTime = .milliseconds(20)
    } _: { connection, _ in
      try await connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n123")
      #expect(try await connection.receiveAll().hasPrefix("HTTP/1.1 408"))
    }
  }

  @Test("draining closes idle connections and lets a running exchange end")
  func drains() async throws {
    let (running, entered) = AsyncStream.makeStream(of: Void.self)
    let (release, gate) = AsyncStream.makeStream(of: Void.self)
    try await exchange(routes: { routes in
      routes.on(.GET, "/waits") { _ in
        entered.yield()
        for await _ in release { break }
        return .text("done")
      }
    }) { connection, server in
      try await connection.send("GET /waits HTTP/1.1\r\nHost: x\r\n\r\n")
      for await _ in running { break }
      async let drained: Void = server.drain(grace: .seconds(60))
      gate.yield()
      let answer = try await connection.receiveAll()
      await drained
      #expect(answer.hasSuffix("done"))
    }
  }
}
