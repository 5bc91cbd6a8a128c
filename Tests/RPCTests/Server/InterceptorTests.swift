import EchoService
import Messages
import NIOPosix
import RPC
import Synchronization
import Testing

/// Writes down what it sees, under a name.
private final class Witness: ServerInterceptor {
  let name: String
  let log: Log

  init(_ name: String, _ log: Log) {
    self.name = name
    self.log = log
  }

  func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
    log.add("\(name) enters \(call.method?.name ?? call.path)")
    do {
      try await next(call)
      log.add("\(name) sees success")
    } catch {
      log.add("\(name) sees \((error as? RPCError)?.code ?? .unknown)")
      throw error
    }
  }

  func willHandle(request: some Message, call: Call) async throws {
    log.add("\(name) reads \((request as? Blob)?.text ?? "?")")
  }
}

private final class Log: Sendable {
  private let lines = Mutex<[String]>([])

  func add(_ line: String) { lines.withLock { $0.append(line) } }

  var all: [String] { lines.withLock { $0 } }
}

/// Refuses calls and messages that say so.
private struct Guardian: ServerInterceptor {
  func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
    guard call.metadata.first("x-secret") == "sesame" else { throw RPCError(.unauthenticated, "Who are you?") }
    try await next(call)
  }

  func willHandle(request: some Message, call: Call) async throws {
    if (request as? Blob)?.text == "forbidden" { throw RPCError(.permissionDenied, "Not this one.") }
  }
}

private enum NameKey: CallKey { typealias Value = String }

private struct Namer: ServerInterceptor {
  func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
    call[NameKey.self] = "alice"
    try await next(call)
  }
}

@Suite(.timeLimit(.minutes(1)))
struct InterceptorTests {
  private static var secret: CallOptions {
    var metadata = Metadata()
    metadata.append("x-secret", "sesame")
    return CallOptions(metadata: metadata)
  }

  @Test("the first interceptor is the outermost, and all see the outcome")
  func order() async throws {
    let log = Log()
    try await EchoFixture.run(interceptors: [Witness("a", log), Witness("b", log)]) { echo in
      _ = try await echo.client.call(Echo.echo, Blob("hi"))
      _ = try? await echo.client.call(Echo.fail, Blob("no"))
    }
    #expect(
      log.all == [
        "a enters Echo", "b enters Echo", "a reads hi", "b reads hi", "b sees success", "a sees success",
        "a enters Fail", "b enters Fail", "a reads no", "b reads no", "b sees NOT_FOUND", "a sees NOT_FOUND",
      ])
  }

  @Test("a call can be refused before its handler")
  func refusal() async throws {
    try await EchoFixture.run(interceptors: [Guardian()]) { echo in
      let error = await #expect(throws: RPCError.self) { try await echo.client.call(Echo.hang, Blob()) }
      #expect(error?.code == .unauthenticated)
      #expect(echo.service.count("hang.started") == 0)
      let answer = try await echo.client.call(Echo.echo, Blob("x"), options: Self.secret)
      #expect(answer == Blob("x"))
    }
  }

  @Test("every message of a stream is seen, and may end the call")
  func streamMessages() async throws {
    try await EchoFixture.run(interceptors: [Guardian()]) { echo in
      let error = await #expect(throws: RPCError.self) {
        try await echo.client.call(Echo.chat, options: Self.secret) { requests, responses in
          var iterator = responses.makeAsyncIterator()
          try await requests.send(Blob("fine"))
          #expect(try await iterator.next() == Blob("fine"))
          try await requests.send(Blob("forbidden"))
          _ = try await iterator.next()
        }
      }
      #expect(error?.code == .permissionDenied)
    }
  }

  @Test("a handler sees what an interceptor attached, by its argument and by Call.current")
  func storage() async throws {
    try await EchoFixture.run(
      interceptors: [Namer()],
      router: { router in
        router.handle(Echo.echo) { _, call in
          let names = [call[NameKey.self], Call.current?[NameKey.self], Call.current === call ? "same" : nil]
          return Blob(names.map { $0 ?? "none" }.joined(separator: " "))
        }
      }
    ) { echo in
      let answer = try await echo.client.call(Echo.echo, Blob())
      #expect(answer.text == "alice alice same")
    }
  }

  @Test("a handler runs on its connection's loop, after every kind of wait too")
  func executor() async throws {
    try await EchoFixture.run(router: { router in
      router.handle(Echo.echo) { _, _ in
        let loop = MultiThreadedEventLoopGroup.currentEventLoop
        var places = [loop != nil]
        try await Task.sleep(for: .milliseconds(1))
        places.append(MultiThreadedEventLoopGroup.currentEventLoop === loop)
        await Elsewhere().work()
        places.append(MultiThreadedEventLoopGroup.currentEventLoop === loop)
        async let child = MultiThreadedEventLoopGroup.currentEventLoop === loop
        places.append(await child)
        return Blob(places.map { "\($0)" }.joined(separator: " "))
      }
    }) { echo in
      let answer = try await echo.client.call(Echo.echo, Blob())
      #expect(answer.text == "true true true true")
    }
  }

  @Test("a call made while serving one takes over its deadline and its id")
  func inheritance() async throws {
    try await EchoFixture.run { inner in
      try await EchoFixture.run(router: { router in
        router.handle(Echo.fail) { _, call in
          try await inner.client.raw(path: Echo.echo.info.path) { requests, responses in
            try await requests.finish()
            _ = try? await responses.next()
          }
          return Blob(call.id)
        }
        router.handle(Echo.hang) { _, _ in try await inner.client.call(Echo.hang, Blob()) }
      }) { outer in
        _ = try await outer.client.call(Echo.fail, Blob())
        let options = CallOptions(timeout: .milliseconds(500))
        // A busy machine may need longer than that to begin the inner call.
        while inner.service.count("hang.started") == 0 {
          _ = try? await outer.client.call(Echo.hang, Blob(), options: options)
        }
        await inner.waits(for: "hang.cancelled")
      }
    }
  }
}

private actor Elsewhere {
  func work() {}
}
