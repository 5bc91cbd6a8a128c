package import Messages
package import RPC
package import SampleMessages
import Synchronization

/// A service with a method of each kind, and some that misbehave in known ways.
package enum Echo {
  package static let name = "rapport.testing.Echo"

  package static let echo = UnaryMethod<Blob, Blob>(info("Echo", .unary))
  package static let fail = UnaryMethod<Blob, Blob>(info("Fail", .unary))
  package static let hang = UnaryMethod<Blob, Blob>(info("Hang", .unary))
  package static let setHealth = UnaryMethod<Blob, Blob>(info("SetHealth", .unary))
  package static let counters = UnaryMethod<Blob, Blob>(info("Counters", .unary))
  package static let weigh = UnaryMethod<SampleV1.Node, Blob>(
    info("Weigh", .unary, request: SampleV1.Node.descriptor))
  package static let collect = ClientStreamingMethod<Blob, Blob>(info("Collect", .clientStreaming))
  package static let stall = ClientStreamingMethod<Blob, Blob>(info("Stall", .clientStreaming))
  package static let expand = ServerStreamingMethod<Blob, Blob>(info("Expand", .serverStreaming))
  package static let chat = BidirectionalMethod<Blob, Blob>(info("Chat", .bidirectional))

  private static func info(
    _ name: String, _ kind: MethodKind, request: MessageDescriptor = Blob.descriptor
  ) -> MethodInfo {
    MethodInfo(
      service: Self.name, name: name, kind: kind, rule: nil, http: [], request: request, response: Blob.descriptor)
  }
}

/// Serves ``Echo`` and counts what happened to its handlers.
package final class EchoService: Sendable {
  private let counts = Mutex<[String: Int]>([:])
  private let peers = Mutex<Set<String>>([])
  package let health = HealthService()

  package init() {
    health.set(.serving)
    health.set(.serving, of: Echo.name)
  }

  package func count(_ name: String) -> Int {
    counts.withLock { $0[name, default: 0] }
  }

  private func add(_ name: String, _ number: Int = 1) {
    counts.withLock { $0[name, default: 0] += number }
  }

  package var router: Router {
    var router = Router()
    router.handle(Echo.echo, echo)
    router.handle(Echo.fail, fail)
    router.handle(Echo.hang, hang)
    router.handle(Echo.counters, counters)
    router.handle(Echo.setHealth, setHealth)
    router.handle(Echo.weigh) { node, _ in Blob("\(node.children.count)") }
    router.handle(Echo.collect, collect)
    router.handle(Echo.stall, stall)
    router.handle(Echo.expand, expand)
    router.handle(Echo.chat, chat)
    router.register(health)
    router.registerReflection(of: [GRPCHealthV1.Health.descriptor, ProfilesV1.ProfileService.descriptor])
    return router
  }

  /// Answers with the request, and with its `x-` metadata both before and after.
  private func echo(_ request: Blob, _ call: Call) async throws -> Blob {
    var metadata = Metadata()
    for (name, value) in call.metadata.all where name.hasPrefix("x-") && !name.hasSuffix("-bin") {
      metadata.append(name, value)
    }
    for value in call.metadata.allBytes("x-data-bin") { metadata.append("x-data-bin", bytes: value) }
    call.setInitialMetadata(metadata)
    call.setTrailingMetadata(metadata)
    if peers.withLock({ $0.insert(call.peer).inserted }) { add("peers") }
    return request
  }

  private func fail(_ request: Blob, _ call: Call) async throws -> Blob {
    throw RPCError(
      .notFound, "Kein Profil „42“: 100 % weg.\nLegen Sie es an.", reason: "PROFILE_NOT_FOUND",
      fieldViolations: [FieldViolation(field: "profile.name", description: "names nothing")],
      resource: "entities/b2c/profileTables/customers/profiles/42")
  }

  /// Waits until it is cancelled, and counts that.
  private func hang(_ request: Blob, _ call: Call) async throws -> Blob {
    add("hang.started")
    defer { add("hang.ended") }
    do {
      try await Task.sleep(for: .seconds(600))
    } catch {
      add("hang.cancelled")
      throw error
    }
    return request
  }

  private func counters(_ request: Blob, _ call: Call) async throws -> Blob {
    Blob(counts.withLock { $0.map { "\($0)=\($1)" }.sorted().joined(separator: "\n") })
  }

  /// Makes this service serving, or not.
  private func setHealth(_ request: Blob, _ call: Call) async throws -> Blob {
    health.set(request.text == "serving" ? .serving : .notServing, of: Echo.name)
    return request
  }

  /// Answers with the number of messages and of bytes.
  private func collect(_ requests: RequestStream<Blob>, _ call: Call) async throws -> Blob {
    var messages = 0
    var bytes = 0
    for try await request in requests {
      messages += 1
      bytes += request.value.count
    }
    return Blob("\(messages) \(bytes)")
  }

  /// Reads one message and no more until the call is cancelled.
  private func stall(_ requests: RequestStream<Blob>, _ call: Call) async throws -> Blob {
    var iterator = requests.makeAsyncIterator()
    _ = try await iterator.next()
    return try await hang(Blob(), call)
  }

  /// Answers `count size` with so many messages of that size.
  private func expand(_ request: Blob, _ responses: ResponseWriter<Blob>, _ call: Call) async throws {
    let numbers = request.text.split(separator: " ").compactMap { Int($0) }
    guard numbers.count == 2 else { throw RPCError(.invalidArgument, "Ask for a count and a size.") }
    defer { add("expand.ended") }
    for number in 0..<numbers[0] {
      try await responses.send(Blob([UInt8](repeating: UInt8(number & 0x7f), count: numbers[1])))
      add("expand.sent")
    }
  }

  private func chat(_ requests: RequestStream<Blob>, _ responses: ResponseWriter<Blob>, _ call: Call) async throws {
    add("chat.started")
    do {
      for try await request in requests { try await responses.send(request) }
    } catch {
      add("chat.failed")
      throw error
    }
    add("chat.finished")
  }
}
