import Messages
import NIOCore

/// Puts the five-byte prefix before messages (grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message").
enum MessageFraming {
  /// Frames a message that is encoded.
  ///
  /// - Throws: RESOURCE_EXHAUSTED when it is larger than `maxSize` before compression.
  static func frame(_ message: ByteBuffer, maxSize: Int, compression: Compression) throws(RPCError) -> ByteBuffer {
    try check(message.readableBytes, maxSize)
    if compression == .gzip && message.readableBytes >= Gzip.worthwhileSize {
      return join(1, try Gzip.compress(message))
    }
    return join(0, message)
  }

  /// Encodes a message right behind its prefix.
  ///
  /// - Throws: RESOURCE_EXHAUSTED when it is larger than `maxSize`; INTERNAL when it cannot be encoded.
  static func frame(_ message: some Message, maxSize: Int, compression: Compression) throws -> ByteBuffer {
    let framed = try encode(message, maxSize: maxSize)
    guard compression == .gzip && framed.readableBytes >= Gzip.worthwhileSize + 5 else { return framed }
    return try frame(framed.dropping(5), maxSize: maxSize, compression: .gzip)
  }

  private static func encode(_ message: some Message, maxSize: Int) throws -> ByteBuffer {
    var framed = ByteBuffer()
    var length = 0
    do {
      try message.encode { size in
        try check(size, maxSize)
        length = size
        framed.reserveCapacity(5 + size)
        framed.writeInteger(UInt8(0))
        framed.writeInteger(UInt32(size))
        // The memory stays where it is until the writer index moves below: nothing else touches the buffer.
        return framed.withUnsafeMutableWritableBytes { $0 }
      }
    } catch let error as RPCError {
      throw error
    } catch {
      throw RPCError(.internal, "A message cannot be encoded: \(error)", cause: error)
    }
    framed.moveWriterIndex(forwardBy: length)
    return framed
  }

  private static func join(_ flag: UInt8, _ message: ByteBuffer) -> ByteBuffer {
    var framed = ByteBuffer()
    framed.reserveCapacity(5 + message.readableBytes)
    framed.writeInteger(flag)
    framed.writeInteger(UInt32(message.readableBytes))
    framed.writeImmutableBuffer(message)
    return framed
  }

  private static func check(_ size: Int, _ maxSize: Int) throws(RPCError) {
    guard size <= min(maxSize, Int(UInt32.max)) else {
      throw RPCError(.resourceExhausted, "A message of \(size) bytes is larger than the \(maxSize) that may be sent.")
    }
  }
}

extension ByteBuffer {
  /// What follows the first `count` bytes.
  fileprivate func dropping(_ count: Int) -> ByteBuffer {
    var rest = self
    rest.moveReaderIndex(forwardBy: count)
    return rest
  }
}
