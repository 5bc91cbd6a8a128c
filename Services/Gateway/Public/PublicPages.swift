import HTTP
import Messages
import NIOCore
import NIOHTTP1
import RPC
import ServiceKit

/// The pages that anyone may open without a token: forms, web versions, tracking, unsubscribing.
///
/// The gateway only carries the request. The service that the path's first segment names verifies the signed link itself;
/// so the principal names no entity.
struct PublicPages: Sendable {
  /// The first segment of the path, and who answers what is behind it.
  static let services: KeyValuePairs<String, ServiceName> = ["m": .messaging, "f": .forms]

  /// As many bytes as a form's answers may have.
  private static let maximumBodyBytes = 1 << 20
  private static let patience = Duration.seconds(30)
  /// Not for the services: credentials of other pages of the same host, and what belongs to one connection (RFC 9110 §7.6.1).
  private static let withheld: Set<String> = [
    "authorization", "connection", "content-length", "cookie", "expect", "host", "keep-alive", "proxy-authorization",
    "te", "trailer", "transfer-encoding", "upgrade",
  ]
  /// The server sets these itself.
  private static let framing: Set<String> = [
    "connection", "content-length", "keep-alive", "transfer-encoding", "upgrade",
  ]

  private let peers: Peers
  private let identity: WorkloadIdentity

  init(peers: Peers, identity: WorkloadIdentity) {
    self.peers = peers
    self.identity = identity
  }

  /// What the public HTTP server answers.
  var routes: HTTPRoutes {
    var routes = HTTPRoutes()
    for (segment, service) in Self.services {
      let pattern = HTTPPathPattern("/\(segment)/{rest...}")
      for method in [HTTPMethod.GET, .POST] {
        routes.on(method, pattern, maximumBodyBytes: Self.maximumBodyBytes) { try await answer($0, by: service) }
      }
    }
    return routes
  }

  private func answer(_ request: HTTPRequest, by service: ServiceName) async throws -> HTTPResponse {
    guard let client = try? peers.client(of: service) else { return .text("Not found.\n", status: .notFound) }
    var options = CallOptions(timeout: Self.patience)
    options.metadata = try identity.metadata(for: service, scope: .entities([]))
    do {
      let page = try await client.call(
        InternalV1.PublicPageService.servePublicPage, Self.message(request), options: options)
      return Self.response(page)
    } catch let error as RPCError {
      return Self.refusal(error)
    }
  }

  /// The request as the service gets it.
  static func message(_ request: HTTPRequest) -> InternalV1.ServePublicPageRequest {
    var message = InternalV1.ServePublicPageRequest()
    message.method = request.method.rawValue
    message.path = String(request.target.path.dropFirst().drop { $0 != "/" }.dropFirst())
    message.query = request.target.query ?? ""
    for (name, value) in request.headers where !withheld.contains(name.lowercased()) {
      var header = InternalV1.HttpHeader()
      header.name = name.lowercased()
      header.value = value
      message.headers.append(header)
    }
    message.body = Array(request.body.readableBytesView)
    message.peer = request.peer
    return message
  }

  /// The service's page, with what keeps a link secret and a page from being read as something else.
  static func response(_ page: InternalV1.ServePublicPageResponse) -> HTTPResponse {
    guard (200...599).contains(page.status) else { return .text("The page cannot be shown.\n", status: .badGateway) }
    var headers = HTTPHeaders()
    for header in page.headers where !framing.contains(header.name.lowercased()) {
      headers.add(name: header.name, value: header.value)
    }
    for (name, value) in [("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff")]
    where !headers.contains(name: name) {
      headers.add(name: name, value: value)
    }
    return HTTPResponse(
      HTTPResponseStatus(statusCode: Int(page.status)), headers: headers, body: .bytes(ByteBuffer(bytes: page.body)))
  }

  private static func refusal(_ error: RPCError) -> HTTPResponse {
    switch error.code {
    case .unavailable, .deadlineExceeded, .resourceExhausted:
      var response = HTTPResponse.text("Please try again in a moment.\n", status: .serviceUnavailable)
      response.headers.add(name: "retry-after", value: "5")
      return response
    case .notFound: return .text("Not found.\n", status: .notFound)
    default: return .text("The page cannot be shown.\n", status: .badGateway)
    }
  }
}
