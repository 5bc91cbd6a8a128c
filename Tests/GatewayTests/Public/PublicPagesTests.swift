import Crypto
import Messages
import NIOCore
import NIOHTTP1
import NIOPosix
import RPC
import ServiceKitTesting
import Synchronization
import Testing

@testable import Gateway
@testable import HTTP
@testable import ServiceKit

@Suite("Public pages")
struct PublicPagesTests {
  /// A service of pages that keeps the last request, and answers what a test gives it.
  private final class Pages: Sendable {
    let asked = Mutex<InternalV1.ServePublicPageRequest?>(nil)
    let metadata = Mutex<Metadata?>(nil)
    let answer = Mutex<Result<InternalV1.ServePublicPageResponse, RPCError>>(.success(.init()))
  }

  /// Runs the pages of messaging behind public routes.
  private func with(
    _ answer: Result<InternalV1.ServePublicPageResponse, RPCError>,
    _ body: (HTTPRoutes, Pages) async throws -> Void
  ) async throws {
    let pages = Pages()
    pages.answer.withLock { $0 = answer }
    var router = Router()
    router.handle(InternalV1.PublicPageService.servePublicPage) { request, call in
      pages.asked.withLock { $0 = request }
      pages.metadata.withLock { $0 = call.metadata }
      return try pages.answer.withLock { try $0.get() }
    }
    let server = RPCServer(router: router, configuration: ServerConfiguration(), logger: .silent)
    let port = try await server.start().port ?? 0
    let peers = Peers(
      addresses: [.messaging: [HostPort(host: "127.0.0.1", port: port)]], tls: nil, group: .singleton, logger: .silent)
    let identity = WorkloadIdentity(
      signer: PrincipalSigner(service: .gateway, key: Curve25519.Signing.PrivateKey()),
      time: ManualTime(SystemTime().now))
    try await body(PublicPages(peers: peers, identity: identity).routes, pages)
    await peers.close()
    await server.drain(grace: .seconds(5))
  }

  private func page(_ status: Int32, _ headers: [(String, String)] = [], _ body: String = "")
    -> InternalV1.ServePublicPageResponse
  {
    var page = InternalV1.ServePublicPageResponse()
    page.status = status
    page.headers = headers.map { name, value in
      var header = InternalV1.HttpHeader()
      header.name = name
      header.value = value
      return header
    }
    page.body = Array(body.utf8)
    return page
  }

  private func request(
    _ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders = [:], _ body: String = ""
  ) throws -> HTTPRequest {
    HTTPRequest(
      method: method, target: try #require(HTTPTarget(target)), headers: headers, body: ByteBuffer(string: body),
      peer: "192.0.2.7")
  }

  private func get(_ target: String, from routes: HTTPRoutes, _ method: HTTPMethod = .GET) async throws -> HTTPResponse?
  {
    try await answer(routes, try request(method, target))
  }

  private func answer(_ routes: HTTPRoutes, _ request: HTTPRequest) async throws -> HTTPResponse? {
    guard case .found(let match) = routes.find(request.method, request.target) else { return nil }
    return try await match.handler(request)
  }

  @Test("a request reaches the service whole, without credentials, and with a principal for no entity")
  func forwarded() async throws {
    try await with(.success(page(200, [("Content-Type", "text/html")], "<p>Hello</p>"))) { routes, pages in
      let sent = try request(
        .POST, "/m/u/a%2Fb?x=1&y=%20", ["Accept-Language": "fr", "Cookie": "a=b", "Authorization": "Bearer x"], "z=1")
      let response = try #require(try await answer(routes, sent))
      let asked = try #require(pages.asked.withLock { $0 })
      #expect(asked.method == "POST")
      #expect(asked.path == "u/a%2Fb")
      #expect(asked.query == "x=1&y=%20")
      #expect(asked.headers.map(\.name) == ["accept-language"])
      #expect(asked.body == Array("z=1".utf8))
      #expect(asked.peer == "192.0.2.7")
      #expect(pages.metadata.withLock { $0?.firstBytes(PrincipalMetadata.name) } != nil)
      #expect(response.status == .ok)
      #expect(response.headers.first(name: "content-type") == "text/html")
      #expect(response.headers.first(name: "referrer-policy") == "no-referrer")
      #expect(response.headers.first(name: "x-content-type-options") == "nosniff")
    }
  }

  @Test("a service cannot frame the answer, nor answer with what is no status")
  func framing() async throws {
    let framed = page(
      302, [("Location", "https://example.test/"), ("Content-Length", "9"), ("Transfer-Encoding", "x")])
    let response = PublicPages.response(framed)
    #expect(response.status == .found)
    #expect(response.headers.first(name: "location") == "https://example.test/")
    #expect(response.headers.first(name: "content-length") == nil)
    #expect(response.headers.first(name: "transfer-encoding") == nil)
    for status: Int32 in [0, 100, 199, 600, -1] {
      #expect(PublicPages.response(page(status)).status == .badGateway)
    }
  }

  @Test(
    "a service that fails is answered for, without its words",
    arguments: [
      (StatusCode.notFound, HTTPResponseStatus.notFound), (.unavailable, .serviceUnavailable),
      (.deadlineExceeded, .serviceUnavailable), (.internal, .badGateway),
    ])
  func failures(code: StatusCode, status: HTTPResponseStatus) async throws {
    try await with(.failure(RPCError(code, "secret words"))) { routes, _ in
      let response = try #require(try await get("/m/w/link", from: routes))
      #expect(response.status == status)
      guard case .bytes(let body) = response.body else { return }
      #expect(!String(buffer: body).contains("secret"))
    }
  }

  @Test("what no service has is not found; other methods are not allowed")
  func unknown() async throws {
    try await with(.success(page(200))) { routes, pages in
      let absent = try await get("/f/link", from: routes)
      #expect(absent?.status == .notFound)
      for (method, target) in [(HTTPMethod.GET, "/"), (.GET, "/m"), (.DELETE, "/m/x")] {
        let response = try await get(target, from: routes, method)
        #expect(response == nil, "\(method) \(target)")
      }
      #expect(pages.asked.withLock { $0 } == nil)
    }
  }
}
