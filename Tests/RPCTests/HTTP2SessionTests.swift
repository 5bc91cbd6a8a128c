import Messages
import NIOCore
import Testing

@testable import RPC

@Suite("nghttp2, wrapped")
struct HTTP2SessionTests {
  private static func block(_ fields: KeyValuePairs<String, String>) -> HeaderBlock {
    var block = HeaderBlock()
    for (name, value) in fields { block.append(Array(name.utf8), Array(value.utf8)) }
    return block
  }

  private static let request = block([
    ":method": "POST", ":scheme": "http", ":path": "/a/b", ":authority": "c", "te": "trailers",
  ])

  private static func output(_ session: HTTP2Session) throws -> ByteBuffer {
    var bytes = ByteBuffer()
    try session.transmit(into: &bytes, bound: .max)
    return bytes
  }

  private static func input(_ session: HTTP2Session, _ bytes: ByteBuffer) throws {
    try bytes.withUnsafeReadableBytes { try session.receive($0) }
  }

  /// Everything that a server made of a request, in words.
  private struct Transcript: Equatable {
    var lines: [String] = []

    mutating func add(_ session: HTTP2Session, _ bytes: ByteBuffer) {
      for event in session.events {
        switch event {
        case .headers(let stream, let fields, let ends, _):
          let names = session.headers.fields[fields].map { session.headers.name($0) + "=" + session.headers.value($0) }
          lines.append("headers \(stream) \(names.joined(separator: " ")) \(ends)")
        case .data(let stream, let offset, let count):
          // How the bytes of one frame are cut is the network's affair.
          let text = bytes.getString(at: bytes.readerIndex + offset, length: count) ?? ""
          if let last = lines.last, last.hasPrefix("data \(stream) ") {
            lines[lines.count - 1] = last + text
          } else {
            lines.append("data \(stream) \(text)")
          }
        case .ended(let stream): lines.append("ended \(stream)")
        default: break
        }
      }
      session.discardEvents()
    }
  }

  @Test("a server hears the same however the bytes of its clients are cut")
  func everySplit() throws {
    let client = try HTTP2Session(.client, settings: .init())
    for number in [1, 2] {
      let stream = try client.request(Self.request)
      client.send(stream, FramedMessage(framed: ByteBuffer(string: "message \(number)")))
      client.end(stream)
    }
    let bytes = try Self.output(client)
    let expected = [
      "headers 1 :method=POST :scheme=http :path=/a/b :authority=c te=trailers false", "data 1 message 1", "ended 1",
      "headers 3 :method=POST :scheme=http :path=/a/b :authority=c te=trailers false", "data 3 message 2", "ended 3",
    ]
    for cut in 0...bytes.readableBytes {
      let server = try HTTP2Session(.server, settings: .init())
      var transcript = Transcript()
      for (from, to) in [(0, cut), (cut, bytes.readableBytes)] {
        let part = try #require(bytes.getSlice(at: from, length: to - from))
        try Self.input(server, part)
        transcript.add(server, part)
      }
      #expect(transcript.lines.sorted() == expected.sorted())
    }
  }

  @Test("a body goes as far as the window, and on when it opens")
  func window() throws {
    let client = try HTTP2Session(.client, settings: .init(outgoingBuffer: 500))
    let server = try HTTP2Session(.server, settings: .init(streamWindow: 1_000))
    try Self.input(client, Self.output(server))
    let stream = try client.request(Self.request)
    client.send(stream, FramedMessage(framed: ByteBuffer(repeating: 1, count: 1_800)))
    try Self.input(server, Self.output(client))
    #expect(client.waiting(stream) == 800)
    client.discardEvents()
    server.openConnectionWindow(1_000)
    server.openStreamWindow(stream, 1_000)
    try Self.input(client, Self.output(server))
    try Self.input(server, Self.output(client))
    #expect(client.waiting(stream) == 0)
    #expect(client.events.contains(.drained(stream: stream)))
  }

  @Test("trailers follow the last byte of the body")
  func trailers() throws {
    let client = try HTTP2Session(.client, settings: .init())
    let server = try HTTP2Session(.server, settings: .init())
    let stream = try client.request(Self.request)
    client.end(stream)
    try Self.input(server, Self.output(client))
    server.respond(stream, Self.block([":status": "200"]))
    server.send(stream, FramedMessage(framed: ByteBuffer(string: "body")))
    server.end(stream, trailers: Self.block(["grpc-status": "0"]))
    let bytes = try Self.output(server)
    try Self.input(client, bytes)
    var transcript = Transcript()
    transcript.add(client, bytes)
    #expect(
      transcript.lines == ["headers 1 :status=200 false", "data 1 body", "headers 1 grpc-status=0 true", "ended 1"])
  }

  @Test("what is submitted for a stream that is gone goes nowhere")
  func gone() throws {
    let client = try HTTP2Session(.client, settings: .init())
    let server = try HTTP2Session(.server, settings: .init())
    let stream = try client.request(Self.request)
    try Self.input(server, Self.output(client))
    client.reset(stream, .cancel)
    try Self.input(server, Self.output(client))
    #expect(server.events.contains(.closed(stream: stream, error: .cancel)))
    _ = try Self.output(server)
    #expect(server.send(stream, FramedMessage(framed: ByteBuffer(string: "late"))) == 0)
    server.end(stream)
    server.reset(stream, .cancel)
    #expect(!server.wantsToSend)
  }

  @Test("what waits is counted, and no longer when its stream is gone")
  func waiting() throws {
    let client = try HTTP2Session(.client, settings: .init())
    let server = try HTTP2Session(.server, settings: .init(streamWindow: 1_000))
    try Self.input(client, Self.output(server))
    let streams = [try client.request(Self.request), try client.request(Self.request)]
    for stream in streams { client.send(stream, FramedMessage(framed: ByteBuffer(repeating: 1, count: 1_800))) }
    #expect(client.waiting == 3_600)
    _ = try Self.output(client)
    #expect(client.waiting == 1_600)
    client.reset(streams[0], .cancel)
    _ = try Self.output(client)
    #expect(client.waiting == 800)
  }

  @Test("a peer whose frames break the rules of their streams again and again is given up")
  func invalidFrames() throws {
    let client = try HTTP2Session(.client, settings: .init())
    let server = try HTTP2Session(.server, settings: .init(resetBurst: 3))
    // The stream's window would be larger than a window can be.
    let overflow: [UInt8] = [0x7f, 0xff, 0xff, 0xff]
    func breakRule() throws {
      let stream = try client.request(Self.request)
      var bytes = try Self.output(client)
      bytes.writeBytes([0, 0, 4, 8, 0, 0, 0, 0, UInt8(stream)] + overflow)
      try Self.input(server, bytes)
      try Self.input(client, Self.output(server))
    }
    for _ in 0..<3 { try breakRule() }
    #expect(throws: HTTP2Session.Failure.self) { try breakRule() }
  }

  @Test("a header list above the limit is cut and marked")
  func headerLimit() throws {
    let client = try HTTP2Session(.client, settings: .init())
    let server = try HTTP2Session(.server, settings: .init(maxHeaderListSize: 300))
    var request = Self.request
    request.append("x-large", Array(repeating: UInt8(ascii: "x"), count: 200))
    _ = try client.request(request)
    try Self.input(server, Self.output(client))
    #expect(server.events.contains { if case .headers(_, _, _, isTruncated: true) = $0 { true } else { false } })
  }
}
