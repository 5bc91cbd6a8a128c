import NIOCore
import Testing

@testable import RPC

/// The small encodings of gRPC's headers.
struct CodecTests {
  @Test("base64 round-trips every length, without padding")
  func base64() {
    for length in 0..<50 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
      let text = Base64.encode(bytes)
      #expect(!text.contains(UInt8(ascii: "=")))
      #expect(Base64.decode(text) == bytes)
    }
  }

  @Test(
    "base64 is read with right padding and refused with wrong",
    arguments: [
      ("AA==", [0]), ("AA", [0]), ("AAE=", [0, 1]), ("AAEC", [0, 1, 2]), ("", []), ("A", nil), ("AA=", nil),
      ("AAA==", nil), ("AA===", nil), ("A!", nil), ("AA==A", nil), ("====", nil),
    ] as [(String, [UInt8]?)])
  func padding(text: String, bytes: [UInt8]?) {
    #expect(Base64.decode(Array(text.utf8)) == bytes)
  }

  @Test(
    "messages are percent-encoded, and repaired when they are not",
    arguments: [
      ("plain", "plain"), ("100 %", "100 %25"), ("ü\n", "%C3%BC%0A"), ("~ ", "~ "), ("\u{7f}", "%7F"),
    ])
  func percent(text: String, encoded: String) {
    #expect(String(decoding: PercentEncoding.encode(text), as: UTF8.self) == encoded)
    #expect(PercentEncoding.decode(encoded.utf8) == text)
  }

  @Test("a percent sign that starts no escape stays", arguments: ["%", "%4", "%zz", "50%"])
  func brokenPercent(text: String) {
    #expect(PercentEncoding.decode(text.utf8) == text)
  }

  @Test(
    "a timeout takes the finest unit that has room, and never gets shorter",
    arguments: [
      (.zero, "0n"), (.nanoseconds(99_999_999), "99999999n"), (.nanoseconds(100_000_001), "100001u"),
      (.seconds(1), "1000000u"), (.seconds(100), "100000m"), (.seconds(200_000), "200000S"),
      (.seconds(6_000_000_001), "100000001M"), (.seconds(-5), "0n"),
    ] as [(Duration, String)])
  func timeout(duration: Duration, text: String) {
    var encoded: [UInt8] = []
    TimeoutHeader.write(duration, to: &encoded)
    if text.count <= 9 { #expect(String(decoding: encoded, as: UTF8.self) == text) }
    #expect(TimeoutHeader.decode(encoded).map { $0 >= duration } == true)
  }

  @Test(
    "a timeout of another form is refused",
    arguments: [
      "", "S", "1", "1x", "-1S", "123456789S", "1 S", "1.5S",
    ])
  func brokenTimeout(text: String) {
    #expect(TimeoutHeader.decode(Array(text.utf8)) == nil)
  }

  @Test("the longest timeout is far off, not past")
  func longTimeout() throws {
    let timeout = try #require(TimeoutHeader.decode(Array("99999999H".utf8)))
    let now = NIODeadline.uptimeNanoseconds(1_000)
    #expect(!Deadline(in: timeout, from: now).isPast(at: now))
  }

  @Test("a deadline's remainder never falls below zero")
  func remainder() {
    let now = NIODeadline.uptimeNanoseconds(1_000)
    let deadline = Deadline(in: .nanoseconds(500), from: now)
    #expect(deadline.remaining(at: now) == .nanoseconds(500))
    #expect(deadline.remaining(at: now + .nanoseconds(600)) == .zero)
    #expect(deadline.isPast(at: now + .nanoseconds(500)))
  }

  @Test("gzip round-trips and stops at the limit")
  func gzip() throws {
    let bytes = ByteBuffer(repeating: 7, count: 100_000)
    let compressed = try Gzip.compress(bytes)
    #expect(compressed.readableBytes < 1_000)
    #expect(try Gzip.decompress(compressed, maxSize: 100_000) == bytes)
    let tooLarge = #expect(throws: RPCError.self) { try Gzip.decompress(compressed, maxSize: 99_999) }
    #expect(tooLarge?.code == .resourceExhausted)
    let broken = #expect(throws: RPCError.self) { try Gzip.decompress(bytes, maxSize: 100_000) }
    #expect(broken?.code == .internal)
    let cut = try #require(compressed.getSlice(at: 0, length: compressed.readableBytes - 9))
    #expect(throws: RPCError.self) { try Gzip.decompress(cut, maxSize: 100_000) }
    #expect(try Gzip.decompress(Gzip.compress(ByteBuffer()), maxSize: 0) == ByteBuffer())
  }

  @Test("codes have their canonical names and numbers")
  func codes() {
    #expect(StatusCode.notFound.rawValue == 5)
    #expect("\(StatusCode.unauthenticated)" == "UNAUTHENTICATED")
    #expect("\(StatusCode(rawValue: 99))" == "CODE_99")
  }
}
