import Messages

/// What a request's header block says, checked (grpc/doc/PROTOCOL-HTTP2.md, "Requests").
struct RequestHead {
  /// Why a request is refused before any handler sees it.
  enum Refusal: Equatable {
    /// An answer in plain HTTP: this was no gRPC.
    case http(Int)
    /// An answer in gRPC.
    case status(StatusCode, String)
  }

  var path = ""
  var route: Route?
  var timeout: Duration?
  var encoding = Compression.identity
  var acceptsGzip = false
  var metadata = Metadata()
  var refusal: Refusal?

  private var isPost = false
  private var isGRPC = false

  init(_ headers: HeaderBlock, _ range: Range<Int>, routes: RouteTable) {
    for field in headers.fields[range] { read(field, headers, routes, range) }
    judge()
  }

  private mutating func read(
    _ field: HeaderBlock.Field, _ headers: HeaderBlock, _ routes: RouteTable, _ range: Range<Int>
  ) {
    let first = headers.bytes[field.name.lowerBound]
    if first == UInt8(ascii: ":") {
      readPseudo(field, headers, routes)
    } else if first == UInt8(ascii: "g"), headers.bytes[field.name].starts(with: "grpc-".utf8) {
      readGRPC(field, headers)
    } else if headers.has(field, named: "content-type") {
      isGRPC = Self.isGRPC(headers.bytes[field.value])
    } else {
      // Once it is known that there is any.
      if metadata.isEmpty { metadata.reserve(for: range, of: headers) }
      metadata.appendIfCustom(field, of: headers)
    }
  }

  private mutating func readPseudo(_ field: HeaderBlock.Field, _ headers: HeaderBlock, _ routes: RouteTable) {
    if headers.has(field, named: ":path") {
      route = routes.route(headers.bytes[field.value])
      path = route?.method?.path ?? headers.value(field)
    } else if headers.has(field, named: ":method") {
      isPost = headers.hasValue(field, "POST")
    }
  }

  private mutating func readGRPC(_ field: HeaderBlock.Field, _ headers: HeaderBlock) {
    if headers.has(field, named: "grpc-timeout") {
      timeout = TimeoutHeader.decode(headers.bytes[field.value])
      if timeout == nil { refusal = .status(.internal, "The grpc-timeout \"\(headers.value(field))\" is malformed.") }
    } else if headers.has(field, named: "grpc-encoding") {
      if let known = Compression(rawValue: headers.value(field)) {
        encoding = known
      } else {
        refusal = .status(.unimplemented, "The grpc-encoding \"\(headers.value(field))\" is not supported; use gzip.")
      }
    } else if headers.has(field, named: "grpc-accept-encoding") {
      acceptsGzip = headers.value(field).split(separator: ",").contains { $0.drop { $0 == " " } == "gzip" }
    }
  }

  private mutating func judge() {
    if !isGRPC || !isPost {
      refusal = .http(route == nil ? 404 : isPost ? 415 : 405)
    } else if route == nil {
      refusal = .status(.unimplemented, "There is no method \(path).")
    }
  }

  /// `application/grpc` or a subtype of it; grpc-web is another protocol.
  private static func isGRPC(_ contentType: ArraySlice<UInt8>) -> Bool {
    guard contentType.starts(with: "application/grpc".utf8) else { return false }
    guard let next = contentType.dropFirst(16).first else { return true }
    return next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
  }
}

/// The routes by the bytes of their path, so that a known path costs no String.
struct RouteTable: Sendable {
  private var buckets: [[(path: [UInt8], route: Route)]]
  private let fallback: Route?

  init(_ router: Router) {
    var size = 16
    while size < router.routes.count * 2 { size *= 2 }
    buckets = Array(repeating: [], count: size)
    fallback = router.fallbackRoute
    for (path, route) in router.routes {
      let path = Array(path.utf8)
      buckets[Self.hash(path[...]) & (size - 1)].append((path, route))
    }
  }

  func route(_ path: ArraySlice<UInt8>) -> Route? {
    for entry in buckets[Self.hash(path) & (buckets.count - 1)] where entry.path.elementsEqual(path) {
      return entry.route
    }
    return fallback
  }

  /// FNV-1a. The table never grows, so colliding paths gain an attacker nothing.
  private static func hash(_ path: ArraySlice<UInt8>) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in path { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 32)
  }
}
