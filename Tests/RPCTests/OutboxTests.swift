import EchoService
import Messages
import NIOCore
import Testing

@testable import RPC

@Suite("What waits to be sent on a stream")
struct OutboxTests {
  /// Messages of given sizes, no two bytes in a row the same.
  private func messages(_ sizes: [Int], compression: Compression = .identity) throws -> [FramedMessage] {
    try sizes.enumerated().map { number, size in
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
      return try FramedMessage(ByteBuffer(bytes: bytes), maxSize: 1 << 20, compression: compression)
    }
  }

  @Test(
    "small and large messages leave in order, in pieces of any size",
    arguments: [
      [0, 1, 100], [5_000, 10, 10], [10, 5_000, 10, 10], [2_042, 2_043, 2_044, 1], Array(repeating: 40, count: 200),
    ], [1, 7, 2_048, 100_000])
  func order(sizes: [Int], piece: Int) throws {
    let outbox = Outbox()
    for compression in [Compression.identity, .gzip] {
      let messages = try messages(sizes, compression: compression)
      var expected = ByteBuffer()
      for message in messages {
        outbox.append(message)
        message.write(to: &expected)
      }
      #expect(outbox.waiting == expected.readableBytes)
      var sent = ByteBuffer()
      while outbox.waiting > 0 { outbox.take(min(piece, outbox.waiting), into: &sent) }
      #expect(sent == expected)
    }
  }

  @Test("messages that come while others leave stay in order", arguments: [1, 700, 3_000])
  func interleaving(piece: Int) throws {
    let outbox = Outbox()
    var (expected, sent) = (ByteBuffer(), ByteBuffer())
    for message in try messages((0..<200).map { [10, 1_500, 3_000, 0, 2_043][$0 % 5] }) {
      outbox.append(message)
      message.write(to: &expected)
      outbox.take(min(piece, outbox.waiting), into: &sent)
    }
    while outbox.waiting > 0 { outbox.take(min(piece, outbox.waiting), into: &sent) }
    #expect(sent == expected)
  }

  @Test("a stream that never runs dry holds no more memory than waits", arguments: [100, 3_000])
  func neverDry(size: Int) throws {
    let outbox = Outbox()
    let message = try messages([size])[0]
    outbox.append(message)
    for _ in 0..<10_000 {
      outbox.append(message)
      var sent = ByteBuffer()
      outbox.take(message.count, into: &sent)
    }
    #expect(outbox.waiting == message.count)
    #expect(outbox.small.capacity <= 8_192 && outbox.pieces.capacity <= 128)
  }

  @Test("nothing of a stream is left for the next one")
  func reset() throws {
    let outbox = Outbox()
    for message in try messages([100, 5_000, 100]) { outbox.append(message) }
    (outbox.isAboveBound, outbox.isDeferred, outbox.isEnded, outbox.trailers) = (true, true, true, HeaderBlock())
    outbox.reset()
    #expect(outbox.waiting == 0 && !outbox.isAboveBound && !outbox.isDeferred && !outbox.isEnded)
    #expect(outbox.trailers == nil && outbox.small.capacity <= 256)
    let next = try messages([3])[0]
    outbox.append(next)
    var sent = ByteBuffer()
    outbox.take(next.count, into: &sent)
    #expect(sent == next.joined)
  }

  @Test("a message has its prefix before it, whether it was encoded behind one or not")
  func prefix() throws {
    let message = try messages([3])[0]
    #expect(Array(message.joined.readableBytesView) == [0, 0, 0, 0, 3, 0, 7, 14])
    #expect(message.count == 8)
    let blob = Blob("Hi")
    let encoded = try ByteBuffer(bytes: blob.encoded())
    let framed = try FramedMessage(blob, maxSize: 100, compression: .identity)
    #expect(try framed.joined == FramedMessage(encoded, maxSize: 100, compression: .identity).joined)
    #expect(framed.count == 5 + encoded.readableBytes)
    #expect(throws: RPCError.self) {
      try FramedMessage(ByteBuffer(repeating: 1, count: 4), maxSize: 3, compression: .gzip)
    }
  }
}
