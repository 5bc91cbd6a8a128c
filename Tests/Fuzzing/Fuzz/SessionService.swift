#if DEBUG
  import Messages
  import NIOCore
  import RPC
  import Synchronization

  /// A service with a method of each kind whose handlers do everything on their connection's loop.
  ///
  /// It goes by the name of the tests' echo service, so that what was recorded with either is of use to both.
  final class SessionService: Sendable {
    typealias Blob = GoogleProtobuf.BytesValue

    static let name = "rapport.testing.Echo"
    /// All paths that are served, and some that are not; their order is the corpus's.
    static let paths =
      ["Echo", "Fail", "Collect", "Expand", "Chat", "Hang", "None"].map { "/\(name)/\($0)" } + [
        GRPCHealthV1.Health.check.info.path, GRPCHealthV1.Health.list.info.path, GRPCHealthV1.Health.watch.info.path,
        GRPCReflectionV1.ServerReflection.serverReflectionInfo.info.path, "/",
      ]

    private let handlers = Atomic<Int>(0)

    /// Handlers that run.
    var running: Int { handlers.load(ordering: .relaxed) }

    var router: Router {
      let health = HealthService()
      health.set(.serving)
      var router = Router()
      router.register(health)
      router.registerReflection(of: [GRPCHealthV1.Health.descriptor])
      router.handle(UnaryMethod<Blob, Blob>(Self.info("Echo", .unary))) { request, call in
        await self.counted {
          call.setInitialMetadata(call.metadata)
          call.setTrailingMetadata(call.metadata)
          return request
        }
      }
      router.handle(UnaryMethod<Blob, Blob>(Self.info("Fail", .unary))) { request, _ in
        try await self.counted {
          throw RPCError(.notFound, String(decoding: request.value, as: UTF8.self), reason: "NOT_FOUND")
        }
      }
      router.handle(UnaryMethod<Blob, Blob>(Self.info("Hang", .unary))) { request, _ in
        try await self.counted {
          let (never, end) = AsyncStream.makeStream(of: Void.self)
          defer { end.finish() }
          for await _ in never {}
          try Task.checkCancellation()
          return request
        }
      }
      router.handle(ClientStreamingMethod<Blob, Blob>(Self.info("Collect", .clientStreaming))) { requests, _ in
        try await self.counted {
          var answer = Blob()
          for try await request in requests { answer.value.append(UInt8(truncatingIfNeeded: request.value.count)) }
          return answer
        }
      }
      router.handle(ServerStreamingMethod<Blob, Blob>(Self.info("Expand", .serverStreaming))) { request, responses, _ in
        try await self.counted {
          for byte in request.value.prefix(50) {
            try await responses.send(.with { $0.value = Array(repeating: byte, count: Int(byte) << 4) })
          }
        }
      }
      router.handle(BidirectionalMethod<Blob, Blob>(Self.info("Chat", .bidirectional))) { requests, responses, _ in
        try await self.counted {
          for try await request in requests { try await responses.send(request) }
        }
      }
      return router
    }

    private static func info(_ name: String, _ kind: MethodKind) -> MethodInfo {
      MethodInfo(
        service: Self.name, name: name, kind: kind, rule: nil, http: [], request: Blob.descriptor,
        response: Blob.descriptor)
    }

    private func counted<Result>(_ body: () async throws -> Result) async rethrows -> Result {
      handlers.add(1, ordering: .relaxed)
      defer { handlers.subtract(1, ordering: .relaxed) }
      return try await body()
    }
  }
#endif
