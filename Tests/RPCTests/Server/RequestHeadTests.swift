import Messages
import Testing

@testable import RPC

struct RequestHeadTests {
  private static func router() -> Router {
    var router = Router()
    router.handle(GRPCHealthV1.Health.check) { _, _ in GRPCHealthV1.HealthCheckResponse() }
    return router
  }

  private static func head(_ changes: KeyValuePairs<String, String> = [:], router: Router = router()) -> RequestHead {
    var fields = [
      (":method", "POST"), (":path", "/grpc.health.v1.Health/Check"), ("content-type", "application/grpc"),
      ("te", "trailers"),
    ]
    for (name, value) in changes {
      fields.removeAll { $0.0 == name }
      fields.append((name, value))
    }
    var block = HeaderBlock()
    for (name, value) in fields { block.append(Array(name.utf8), Array(value.utf8)) }
    return RequestHead(block, 0..<block.fields.count, routes: RouteTable(router))
  }

  @Test("a request finds its route, and keeps only what is its caller's")
  func good() {
    let head = Self.head([
      "grpc-timeout": "2S", "grpc-accept-encoding": "deflate, gzip", "x-a": "b", "user-agent": "c",
    ])
    #expect(head.refusal == nil)
    #expect(head.route?.method == GRPCHealthV1.Health.check.info)
    #expect(head.timeout == .seconds(2))
    #expect(head.acceptsGzip)
    #expect(head.metadata.all.map(\.name) == ["x-a", "user-agent"])
  }

  @Test(
    "what is no gRPC is refused in HTTP",
    arguments: [
      ([":method": "GET"], 405), (["content-type": "text/html"], 415), (["content-type": "application/grpc-web"], 415),
      (["content-type": "text/html", ":path": "/"], 404),
    ] as [(KeyValuePairs<String, String>, Int)])
  func http(changes: KeyValuePairs<String, String>, status: Int) {
    #expect(Self.head(changes).refusal == .http(status))
  }

  @Test(
    "subtypes and parameters of the content type are gRPC too",
    arguments: [
      "application/grpc+proto", "application/grpc;charset=utf-8",
    ])
  func contentType(value: String) {
    #expect(Self.head(["content-type": value]).refusal == nil)
  }

  @Test("an unknown path is unimplemented, unless there is a fallback")
  func unknown() {
    #expect(Self.head([":path": "/x/y"]).refusal == .status(.unimplemented, "There is no method /x/y."))
    var router = Self.router()
    router.fallback { _, _, _ in }
    let head = Self.head([":path": "/x/y"], router: router)
    #expect(head.refusal == nil)
    #expect(head.path == "/x/y")
    #expect(head.route?.method == nil)
  }

  @Test("every route is found, and no other path")
  func table() {
    var router = Router()
    router.registerReflection(of: [])
    router.register(HealthService())
    let table = RouteTable(router)
    for path in router.routes.keys {
      #expect(table.route(Array(path.utf8)[...])?.path == path)
      #expect(table.route(Array(path.utf8).dropLast()) == nil)
    }
  }

  @Test("a service shows which methods it lacks")
  func missing() {
    #expect(Self.router().missing(of: GRPCHealthV1.Health.descriptor).map(\.name) == ["List", "Watch"])
    var router = Router()
    router.register(HealthService())
    #expect(router.missing(of: GRPCHealthV1.Health.descriptor).isEmpty)
  }
}
