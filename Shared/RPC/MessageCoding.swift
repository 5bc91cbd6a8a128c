import Messages
import NIOCore

extension Message {
  /// Decodes what a client sent; what is no message is the client's fault.
  init(decodingRequest bytes: ByteBuffer) throws {
    do {
      self = try bytes.withUnsafeReadableBytes { try Self(decoding: $0, limits: .standard) }
    } catch {
      throw RPCError(
        .invalidArgument, "The request is not a \(Self.descriptor.name): \(error)", reason: "MALFORMED_REQUEST",
        cause: error)
    }
  }

  /// Decodes what a server sent.
  init(decodingResponse bytes: ByteBuffer) throws {
    do {
      self = try bytes.withUnsafeReadableBytes { try Self(decoding: $0, limits: .standard) }
    } catch {
      throw RPCError(.internal, "The response is not a \(Self.descriptor.name): \(error)", cause: error)
    }
  }
}
