import CZlib
import NIOCore

/// gzip for single messages (RFC 1952), by zlib.
enum Gzip {
  /// Messages smaller than this are sent as they are: gzip's header alone is 18 bytes.
  static let worthwhileSize = 1_024

  /// 15 bits of window, and 16 more to say "gzip, not zlib".
  private static let windowBits: Int32 = 15 + 16

  /// - Throws: INTERNAL when zlib fails, which it does for lack of memory only.
  static func compress(_ bytes: ByteBuffer) throws(RPCError) -> ByteBuffer {
    var stream = z_stream()
    let opened = deflateInit2_(
      &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard opened == Z_OK else { throw RPCError(.internal, "A message could not be compressed.") }
    defer { deflateEnd(&stream) }
    var output = ByteBuffer()
    let bound = Int(deflateBound(&stream, UInt(bytes.readableBytes)))
    let code = bytes.withUnsafeReadableBytes { input in
      setInput(&stream, input)
      return step(&stream, into: &output, room: bound) { deflate(&$0, Z_FINISH) }
    }
    guard code == Z_STREAM_END else { throw RPCError(.internal, "A message could not be compressed.") }
    return output
  }

  /// - Throws: RESOURCE_EXHAUSTED as soon as the output passes `maxSize`; INTERNAL for bytes that are no gzip.
  static func decompress(_ bytes: ByteBuffer, maxSize: Int) throws(RPCError) -> ByteBuffer {
    var stream = z_stream()
    guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw RPCError(.internal, "A message could not be decompressed.")
    }
    defer { inflateEnd(&stream) }
    var output = ByteBuffer()
    let code = bytes.withUnsafeReadableBytes { input in
      setInput(&stream, input)
      var room = min(max(input.count * 4, 1_024), maxSize + 1)
      while true {
        let code = step(&stream, into: &output, room: room) { inflate(&$0, Z_NO_FLUSH) }
        guard code == Z_OK, stream.avail_out == 0, output.readableBytes <= maxSize else { return code }
        room = min(output.readableBytes, maxSize + 1 - output.readableBytes)
      }
    }
    if output.readableBytes > maxSize {
      throw RPCError(.resourceExhausted, "A message is larger than \(maxSize) bytes when decompressed.")
    }
    guard code == Z_STREAM_END else { throw RPCError(.internal, "A compressed message is no gzip.") }
    return output
  }

  private static func setInput(_ stream: inout z_stream, _ input: UnsafeRawBufferPointer) {
    // zlib reads only; its struct says otherwise for old compilers.
    stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(input.count)
  }

  private static func step(
    _ stream: inout z_stream, into output: inout ByteBuffer, room: Int, _ run: (inout z_stream) -> Int32
  ) -> Int32 {
    var code = Z_OK
    output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { memory in
      stream.next_out = memory.bindMemory(to: UInt8.self).baseAddress
      stream.avail_out = UInt32(room)
      code = run(&stream)
      return room - Int(stream.avail_out)
    }
    return code
  }
}
