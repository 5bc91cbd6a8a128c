/// The header block that opens a call (grpc/doc/PROTOCOL-HTTP2.md, "Requests").
struct RequestHeaders: Sendable {
  let path: String
  let metadata: Metadata
  let compression: Compression

  private static let userAgent: StaticString = "grpc-swift-rapport/1.0"

  /// Adds them to a block.
  ///
  /// - Parameter timeout: what is left until the deadline.
  func write(to block: inout HeaderBlock, authority: String, isTLS: Bool, timeout: Duration?) {
    block.reserve(bytes: 256 + metadata.block.bytes.count, fields: 10 + metadata.block.fields.count)
    block.append(":method", "POST")
    block.append(":scheme", isTLS ? "https" : "http")
    block.append(":path", path.utf8)
    block.append(":authority", authority.utf8)
    block.append("te", "trailers")
    block.append("content-type", "application/grpc")
    if let timeout { block.append("grpc-timeout") { TimeoutHeader.write(timeout, to: &$0) } }
    if compression == .gzip { block.append("grpc-encoding", "gzip") }
    block.append("grpc-accept-encoding", "identity,gzip")
    if !metadata.contains("user-agent") { block.append("user-agent", Self.userAgent) }
    block.append(contentsOf: metadata.block)
  }
}
