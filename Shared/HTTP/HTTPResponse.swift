package import NIOCore
package import NIOHTTP1

/// An answer to one request.
package struct HTTPResponse: Sendable {
  /// What follows the header.
  package enum Body: Sendable {
    /// Bytes at hand; the server states their length.
    case bytes(ByteBuffer)
    /// Bytes written piece by piece, in chunked coding. When the closure throws, the connection is cut, so that the
    /// client sees that the answer is not whole (RFC 9112 §8).
    case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
  }

  /// The status line's code and reason.
  package var status: HTTPResponseStatus
  /// Header fields. The server itself sets `content-length`, `transfer-encoding` and `connection`.
  package var headers: HTTPHeaders
  /// The content.
  package var body: Body

  /// Makes an answer with any body.
  package init(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: Body = .bytes(ByteBuffer())) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// An answer of UTF-8 text.
  ///
  /// - Parameter type: the media type; `; charset=utf-8` is added.
  package static func text(
    _ text: String, type: String = "text/plain", status: HTTPResponseStatus = .ok
  ) -> HTTPResponse {
    HTTPResponse(
      status, headers: ["content-type": "\(type); charset=utf-8", "x-content-type-options": "nosniff"],
      body: .bytes(ByteBuffer(string: text)))
  }
}

/// Writes a streamed answer.
package struct HTTPBodyWriter: Sendable {
  private let send: @Sendable (ByteBuffer) async throws -> Void

  init(send: @escaping @Sendable (ByteBuffer) async throws -> Void) {
    self.send = send
  }

  /// Sends a piece and waits until the socket has taken it, so that a slow reader slows the writer.
  ///
  /// - Throws: When the connection is closed.
  package func write(_ bytes: ByteBuffer) async throws {
    try await send(bytes)
  }
}
