/// The header blocks that a server sends (grpc/doc/PROTOCOL-HTTP2.md, "Responses").
enum ResponseHead {
  private static let plain: HeaderBlock = {
    var block = HeaderBlock()
    block.append(":status", "200")
    block.append("content-type", "application/grpc")
    return block
  }()

  private static let success: HeaderBlock = {
    var block = HeaderBlock()
    block.append("grpc-status", "0")
    return block
  }()

  /// What goes before the first message.
  static func headers(_ metadata: Metadata, _ compression: Compression) -> HeaderBlock {
    guard !metadata.isEmpty || compression == .gzip else { return plain }
    var block = plain
    if compression == .gzip { block.append("grpc-encoding", "gzip") }
    block.append(contentsOf: metadata.block)
    return block
  }

  /// What goes after the last message.
  static func trailers(_ error: RPCError?, _ metadata: Metadata) -> HeaderBlock {
    guard let error else {
      guard !metadata.isEmpty else { return success }
      var block = success
      block.append(contentsOf: metadata.block)
      return block
    }
    var block = HeaderBlock()
    append(error, metadata, to: &block)
    return block
  }

  /// Head and trailers in one, for a call without messages.
  static func trailersOnly(_ error: RPCError?, _ metadata: Metadata) -> HeaderBlock {
    var block = plain
    if let error {
      append(error, metadata, to: &block)
      // Also to a client that names an encoding which we do not know (grpc/doc/compression.md).
      if error.code == .unimplemented { block.append("grpc-accept-encoding", "identity,gzip") }
    } else {
      block.append("grpc-status", "0")
      block.append(contentsOf: metadata.block)
    }
    return block
  }

  /// An answer to what is no gRPC.
  static func http(_ status: Int) -> HeaderBlock {
    var block = HeaderBlock()
    block.append(":status", String(status).utf8)
    block.append("content-length", "0")
    return block
  }

  private static func append(_ error: RPCError, _ metadata: Metadata, to block: inout HeaderBlock) {
    block.append("grpc-status", String(error.code.rawValue).utf8)
    if !error.message.isEmpty { block.append("grpc-message", PercentEncoding.encode(error.message)) }
    if let details = StatusDetails.encode(error) {
      block.append("grpc-status-details-bin", Base64.encode(details))
    }
    block.append(contentsOf: metadata.block)
    block.append(contentsOf: error.metadata.block)
  }
}
