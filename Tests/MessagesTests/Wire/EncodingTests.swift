import Messages
import SampleMessages
import Testing

@Suite("Writing the wire format")
struct EncodingTests {
  @Test("defaults without presence are not sent, but for a zero below zero")
  func defaults() throws {
    #expect(try SampleV1.Scalars().encoded().isEmpty)
    #expect(try SampleV1.Scalars.with { $0.doubleValue = 0.0 }.encoded().isEmpty)
    #expect(try SampleV1.Scalars.with { $0.doubleValue = -0.0 }.encoded() == bytes("09 00 00 00 00 00 00 00 80"))
    #expect(try SampleV1.Scalars.with { $0.floatValue = -0.0 }.encoded() == bytes("15 00 00 00 80"))
  }

  @Test("both halves of a map's entry are sent, defaults too")
  func wholeEntries() throws {
    #expect(try SampleV1.Maps.with { $0.int32Keys = [0: 0] }.encoded() == bytes("0A 04 08 00 10 00"))
    #expect(try SampleV1.Maps.with { $0.scalarsValues = ["": .init()] }.encoded() == bytes("8A 01 04 0A 00 12 00"))
  }

  @Test("maps are sent by key: numbers by value, texts by bytes")
  func mapOrder() throws {
    let numbers = try SampleV1.Maps.with { $0.int32Keys = [3: 0, -1: 0, 2: 0] }.encoded()
    #expect(
      numbers == bytes("0A 0D 08 FF FF FF FF FF FF FF FF FF 01 10 00  0A 04 08 02 10 00  0A 04 08 03 10 00"))
    let texts = try SampleV1.Maps.with { $0.stringKeys = ["é": "", "z": "", "": "", "a": "", "ab": ""] }.encoded()
    #expect(
      texts
        == bytes(
          "62 04 0A 00 12 00  62 05 0A 01 61 12 00  62 06 0A 02 61 62 12 00  62 05 0A 01 7A 12 00  62 06 0A 02 C3 A9 12 00"
        ))
    #expect(
      try SampleV1.Maps.with { $0.boolKeys = [true: false, false: true] }.encoded().starts(with: [0x5A, 4, 8, 0]))
  }

  @Test("the caller's memory is asked for once, with the exact size")
  func exactSize() throws {
    let message = SampleV1.Scalars.with { $0.stringValue = String(repeating: "x", count: 300) }
    var sizes: [Int] = []
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 400, alignment: 1)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
    try message.encode { size in
      sizes.append(size)
      return memory
    }
    #expect(sizes == [303])
    #expect(try Array(memory.prefix(303)) == message.encoded())
    #expect(memory.dropFirst(303).allSatisfy { $0 == 0xEE })
  }

  @Test("an empty message needs no memory")
  func emptyMessage() throws {
    try SampleV1.Nothing().encode { size in
      #expect(size == 0)
      return UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
  }

  @Test("what the caller throws instead of memory comes through")
  func refusedMemory() {
    struct NoMemory: Error {}
    #expect(throws: NoMemory.self) { try SampleV1.Nothing().encode { _ in throw NoMemory() } }
  }

  @Test("a value that nests deeper than a peer reads is not sent")
  func tooDeep() throws {
    let nest = { (depth: Int) in
      (0..<depth).reduce(SampleV1.Node()) { inner, _ in .with { $0.child = inner } }
    }
    #expect(try SampleV1.Node(decoding: nest(100).encoded()) == nest(100))
    #expect(throws: EncodingError.tooDeep) { try nest(101).encoded() }
  }

  @Test("maps count as a level, on the way out as on the way in")
  func tooDeepMaps() throws {
    let nest = { (depth: Int) in
      (0..<depth).reduce(SampleV1.Node()) { inner, _ in .with { $0.named["x"] = inner } }
    }
    #expect(try SampleV1.Node(decoding: nest(50).encoded()) == nest(50))
    #expect(throws: EncodingError.tooDeep) { try nest(51).encoded() }
  }

  @Test("a message larger than any block of the arena is written whole")
  func largeMessage() throws {
    var message = SampleV1.Lists()
    message.bytesValues = [[UInt8](repeating: 1, count: 100_000), [], [UInt8](repeating: 2, count: 5_000)]
    message.stringValues = (0..<2_000).map { "text \($0)" }
    #expect(try SampleV1.Lists(decoding: message.encoded()) == message)
  }

  @Test(
    "unknown fields that begin with any byte are written as they are", arguments: [0x08, 0x0B, 0x88, 0xF8] as [UInt8])
  func unknownFields(first: UInt8) throws {
    let message = SampleV1.Scalars.with {
      $0.int32Value = 5
      $0.unknownFields = [first, 1, 2, 3]
    }
    #expect(try message.encoded() == bytes("18 05") + [first, 1, 2, 3])
  }

  @Test("every message of the suite is its own empty encoding", arguments: MessagesFiles.types.map { $0.init() })
  func emptyMessages(message: any Message) throws {
    #expect(try message.encoded().isEmpty)
    #expect(try type(of: message).init(decoding: [], limits: .standard).encoded().isEmpty)
  }
}
