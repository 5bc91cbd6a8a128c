import Messages
import SampleMessages
import Testing

@Suite("Limits of what a message may cost")
struct LimitsTests {
  /// Nodes within each other.
  private func chain(_ depth: Int) -> [UInt8] {
    (0..<depth).reduce([]) { inner, _ in field(2, inner) }
  }

  @Test("100 levels are read, 101 are not")
  func depth() throws {
    #expect(try SampleV1.Node(decoding: chain(100)).encoded() == chain(100))
    #expect { try SampleV1.Node(decoding: chain(101)) } throws: { ($0 as? DecodingError)?.reason == .tooDeep }
  }

  @Test("100,000 levels in 400 KB are refused without a deep call")
  func hostileDepth() {
    // Built backwards, as building it forwards takes quadratic time.
    var backwards: [UInt8] = []
    for _ in 0..<100_000 { backwards += varint(backwards.count).reversed() + [0x12] }
    let hostile = Array(backwards.reversed())
    #expect(hostile.count > 300_000)
    #expect { try SampleV1.Node(decoding: hostile) } throws: { ($0 as? DecodingError)?.reason == .tooDeep }
  }

  @Test("groups count as levels too")
  func groupDepth() {
    let groups = [UInt8](repeating: 0x0B, count: 5_000) + [UInt8](repeating: 0x0C, count: 5_000)
    #expect { try SampleV1.Nothing(decoding: groups) } throws: { ($0 as? DecodingError)?.reason == .tooDeep }
  }

  @Test("4 MB of empty submessages are refused before they take memory")
  func emptySubmessages() {
    let hostile = Array(repeatElement([0x1A, 0x00] as [UInt8], count: 2_000_000).joined())
    #expect { try SampleV1.Node(decoding: hostile) } throws: { ($0 as? DecodingError)?.reason == .tooMuchMemory }
  }

  @Test("numbers, submessages and unknown fields count as elements")
  func elements() throws {
    let limits = DecodingLimits(elements: 3)
    #expect(try SampleV1.Lists(decoding: bytes("1A 03 01 02 03"), limits: limits).int32Values.count == 3)
    for hexadecimal in [
      "1A 04 01 02 03 04", "8A 01 00 8A 01 00 8A 01 00 8A 01 00", "A0 06 01 A0 06 01 A0 06 01 A0 06 01",
    ] {
      #expect { try SampleV1.Lists(decoding: bytes(hexadecimal), limits: limits) } throws: { error in
        (error as? DecodingError)?.reason == .tooManyElements
      }
    }
  }

  @Test("a limit of memory holds to the byte that the scan counts")
  func memory() throws {
    let data = field(15, [UInt8](repeating: 7, count: 10_000))
    #expect(throws: DecodingError.self) {
      try SampleV1.Scalars(decoding: data, limits: DecodingLimits(arenaBytes: 10_000))
    }
    #expect(try SampleV1.Scalars(decoding: data, limits: DecodingLimits(arenaBytes: 11_000)).bytesValue.count == 10_000)
  }

  @Test(
    "a message of many fields, lists and texts fits the memory that the scan foresees",
    arguments: [15, 16, 17, 47, 48, 49, 1_000])
  func foreseenMemory(count: Int) throws {
    var message = SampleV1.Lists()
    message.stringValues = (0..<count).map { "text \($0)" }
    message.bytesValues = (0..<count).map { [UInt8](repeating: 1, count: $0 % 9) }
    message.boolValues = (0..<count).map { $0 % 2 == 0 }
    message.scalars = Array(repeating: .with { $0.stringValue = "x" }, count: count)
    message.unknownFields = Array(repeatElement(bytes("A0 06 01"), count: count).joined())
    #expect(try SampleV1.Lists(decoding: message.encoded()) == message)
  }
}
