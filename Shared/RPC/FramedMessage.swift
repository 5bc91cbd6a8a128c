import Messages
import NIOCore

/// A message as it goes out: behind its prefix of five bytes (grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message").
struct FramedMessage: Sendable {
  /// The flag of the prefix, where it does not stand before the message yet.
  private let flag: UInt8?
  private let bytes: ByteBuffer

  /// The size of a prefix.
  static let prefixSize = 5

  /// Frames a message that is encoded.
  ///
  /// - Throws: RESOURCE_EXHAUSTED when it is larger than `maxSize` before compression.
  init(_ message: ByteBuffer, maxSize: Int, compression: Compression) throws(RPCError) {
    try Self.check(message.readableBytes, maxSize)
    if compression == .gzip && message.readableBytes >= Gzip.worthwhileSize {
      flag = 1
      bytes = try Gzip.compress(message)
    } else {
      flag = 0
      bytes = message
    }
  }

  /// Encodes a message, right behind its prefix.
  ///
  /// - Throws: RESOURCE_EXHAUSTED when it is larger than `maxSize`; INTERNAL when it cannot be encoded.
  init(_ message: some Message, maxSize: Int, compression: Compression) throws {
    let encoded = try Self.encode(message, maxSize: maxSize)
    if compression == .gzip && encoded.readableBytes >= Gzip.worthwhileSize + Self.prefixSize {
      try self.init(encoded.dropping(Self.prefixSize), maxSize: maxSize, compression: .gzip)
    } else {
      self.init(framed: encoded)
    }
  }

  /// A message behind its prefix.
  init(framed: ByteBuffer) {
    flag = nil
    bytes = framed
  }

  /// The size on the wire.
  var count: Int { bytes.readableBytes + (flag == nil ? 0 : Self.prefixSize) }

  /// Prefix and message in one piece; a copy, unless it was encoded so.
  var joined: ByteBuffer {
    guard flag != nil else { return bytes }
    var joined = ByteBuffer()
    joined.reserveCapacity(count)
    write(to: &joined)
    return joined
  }

  /// Adds prefix and message to what a buffer holds.
  func write(to buffer: inout ByteBuffer) {
    if let flag { Self.writePrefix(flag, bytes.readableBytes, to: &buffer) }
    buffer.writeImmutableBuffer(bytes)
  }

  private static func writePrefix(_ flag: UInt8, _ size: Int, to buffer: inout ByteBuffer) {
    buffer.writeInteger(flag)
    buffer.writeInteger(UInt32(size))
  }

  private static func encode(_ message: some Message, maxSize: Int) throws -> ByteBuffer {
    var framed = ByteBuffer()
    var length = 0
    do {
      try message.encode { size in
        try check(size, maxSize)
        length = size
        framed.reserveCapacity(prefixSize + size)
        writePrefix(0, size, to: &framed)
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
