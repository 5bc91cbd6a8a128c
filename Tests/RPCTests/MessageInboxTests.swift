import NIOCore
import Testing

@testable import RPC

struct MessageInboxTests {
  private static func framed(_ texts: String..., flag: UInt8 = 0) -> ByteBuffer {
    var buffer = ByteBuffer()
    for text in texts {
      buffer.writeInteger(flag)
      buffer.writeInteger(UInt32(text.utf8.count))
      buffer.writeString(text)
    }
    return buffer
  }

  @Test("messages come out whole however their bytes were cut")
  func everySplit() throws {
    let bytes = Self.framed("one", "", "three")
    for first in 0...bytes.readableBytes {
      for second in first...bytes.readableBytes {
        var inbox = MessageInbox(maxSize: 100)
        for (from, to) in [(0, first), (first, second), (second, bytes.readableBytes)] {
          try inbox.receive(try #require(bytes.getSlice(at: from, length: to - from)))
        }
        inbox.end()
        #expect(try inbox.next() == .message(ByteBuffer(string: "one")))
        #expect(try inbox.next() == .message(ByteBuffer()))
        #expect(try inbox.next() == .message(ByteBuffer(string: "three")))
        #expect(try inbox.next() == .end)
        #expect(inbox.waiting == 0)
      }
    }
  }

  @Test("large and small pieces mixed keep their order")
  func mixedPieces() throws {
    let text = String(repeating: "0123456789", count: 2_000)
    let bytes = Self.framed(text, text)
    var inbox = MessageInbox(maxSize: 100_000)
    var position = 0
    for size in [1, 5_000, 3, 3, 2_500, 1, 10_000, 7, 1_000_000] {
      let count = min(size, bytes.readableBytes - position)
      try inbox.receive(try #require(bytes.getSlice(at: position, length: count)))
      position += count
    }
    #expect(try inbox.next() == .message(ByteBuffer(string: text)))
    #expect(try inbox.next() == .message(ByteBuffer(string: text)))
    #expect(try inbox.next() == .none)
  }

  @Test("a message announced too large is refused when its prefix is here")
  func announced() throws {
    var inbox = MessageInbox(maxSize: 10)
    try inbox.receive(ByteBuffer(bytes: [0, 0xff, 0xff, 0xff]))
    let error = #expect(throws: RPCError.self) { try inbox.receive(ByteBuffer(bytes: [0xff])) }
    #expect(error?.code == .resourceExhausted)
  }

  @Test("a second message that is too large is refused after the first")
  func secondAnnounced() throws {
    var inbox = MessageInbox(maxSize: 3)
    try inbox.receive(Self.framed("one", "four!"))
    let error = #expect(throws: RPCError.self) { try inbox.next() }
    #expect(error?.code == .resourceExhausted)
  }

  @Test("an end within a message is an error", arguments: [1, 4, 5, 7])
  func cutOff(count: Int) throws {
    var inbox = MessageInbox(maxSize: 10)
    try inbox.receive(try #require(Self.framed("one").getSlice(at: 0, length: count)))
    inbox.end()
    let error = #expect(throws: RPCError.self) { try inbox.next() }
    #expect(error?.code == .internal)
  }

  @Test("the window opens for what was read only, while nobody waits")
  func creditByReading() throws {
    var inbox = MessageInbox(maxSize: 10)
    try inbox.receive(Self.framed("one", "two"))
    #expect(inbox.takeCredit() == 0)
    _ = try inbox.next()
    #expect(inbox.takeCredit() == 8)
    #expect(inbox.takeCredit() == 0)
    _ = try inbox.next()
    #expect(inbox.takeCredit() == 8)
  }

  @Test("while a reader waits, the window opens for the part that came, once")
  func creditByDemand() throws {
    var inbox = MessageInbox(maxSize: 10)
    inbox.isWanted = true
    try inbox.receive(ByteBuffer(bytes: [0, 0, 0]))
    #expect(inbox.takeCredit() == 3)
    try inbox.receive(ByteBuffer(bytes: [0, 1, 65]))
    #expect(inbox.takeCredit() == 0)
    #expect(try inbox.next() == .message(ByteBuffer(string: "A")))
    #expect(inbox.takeCredit() == 3)
  }

  @Test("a message that waits whole opens no window for what follows it")
  func creditAfterWholeMessage() throws {
    var inbox = MessageInbox(maxSize: 10)
    inbox.isWanted = true
    try inbox.receive(Self.framed("one", "two"))
    #expect(inbox.takeCredit() == 0)
  }

  @Test("compression is taken as the headers named it")
  func compression() throws {
    let text = String(repeating: "a", count: 1_000)
    let body = try Gzip.compress(ByteBuffer(string: text))
    var framed = ByteBuffer()
    framed.writeInteger(UInt8(1))
    framed.writeInteger(UInt32(body.readableBytes))
    framed.writeImmutableBuffer(body)
    var gzip = MessageInbox(maxSize: 1_000)
    gzip.encoding = .gzip
    try gzip.receive(framed)
    #expect(try gzip.next() == .message(ByteBuffer(string: text)))
    var identity = MessageInbox(maxSize: 1_000)
    try identity.receive(framed)
    #expect(throws: RPCError.self) { try identity.next() }
    var unknown = MessageInbox(maxSize: 1_000)
    try unknown.receive(Self.framed("x", flag: 2))
    #expect(throws: RPCError.self) { try unknown.next() }
  }

  @Test("dropping leaves nothing, and what follows is read from its start")
  func drop() throws {
    var inbox = MessageInbox(maxSize: 10)
    try inbox.receive(Self.framed("one", "two"))
    inbox.drop()
    #expect(inbox.waiting == 0)
    #expect(inbox.takeCredit() == 16)
    try inbox.receive(Self.framed("three"))
    #expect(try inbox.next() == .message(ByteBuffer(string: "three")))
  }
}
