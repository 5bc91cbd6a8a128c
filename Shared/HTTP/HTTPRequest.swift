package import NIOCore
package import NIOHTTP1

/// One request, its body complete.
package struct HTTPRequest: Sendable {
  /// The method as sent.
  package var method: HTTPMethod
  /// Path and query.
  package var target: HTTPTarget
  /// Header fields, names in any letter case.
  package var headers: HTTPHeaders
  /// The body, at most as long as the route allows.
  package var body: ByteBuffer
  /// The peer's address, without its port; empty when it is not known.
  package var peer: String
  /// What the route's pattern named: `/f/{form}` gives `form`. Percent-decoded.
  package var parameters: [String: String]

  /// Makes a request; a server does, and tests of handlers do.
  package init(
    method: HTTPMethod,
    target: HTTPTarget,
    headers: HTTPHeaders = [:],
    body: ByteBuffer = ByteBuffer(),
    peer: String = "",
    parameters: [String: String] = [:]
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    self.peer = peer
    self.parameters = parameters
  }

  /// The body as form fields in order, when it is `application/x-www-form-urlencoded` and well formed; else nil.
  package var formFields: [HTTPField]? {
    guard let type = headers.first(name: "content-type"),
      type.prefix(while: { $0 != ";" }).trimmingSpaces().lowercased() == "application/x-www-form-urlencoded"
    else {
      return nil
    }
    return HTTPField.parse(body.readableBytesView)
  }
}

extension Substring {
  /// The text without spaces and tabs at either end (RFC 9110 §5.6.3, optional whitespace).
  func trimmingSpaces() -> Substring {
    var text = self
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }
}
