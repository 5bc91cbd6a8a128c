import Messages
import SampleMessages
import Testing

@Suite("Reading the wire format")
struct DecodingTests {
  @Test("an optional field tells its default from nothing")
  func presence() throws {
    let nothing = try SampleV1.Optionals(decoding: [])
    #expect(nothing.int32Value == nil)
    #expect(nothing.stringValue == nil)
    let zero = try SampleV1.Optionals(decoding: bytes("18 00 72 00"))
    #expect(zero.int32Value == 0)
    #expect(zero.stringValue == "")
    #expect(try zero.encoded() == bytes("18 00 72 00"))
  }

  @Test("a text may hold U+0000")
  func zeroCharacter() throws {
    let message = try SampleV1.Scalars(decoding: bytes("72 03 61 00 62"))
    #expect(message.stringValue == "a\0b")
    #expect(try message.encoded() == bytes("72 03 61 00 62"))
  }

  @Test(
    "a text that is not UTF-8 is refused, and the error names its place",
    arguments: [
      "72 01 FF",  // Not a lead byte.
      "72 03 ED A0 80",  // Half of a surrogate pair.
      "72 02 C0 80",  // Overlong.
      "72 01 FF 72 01 61",  // Replaced by one that is good.
    ])
  func invalidText(hexadecimal: String) {
    #expect {
      try SampleV1.Scalars(decoding: bytes(hexadecimal))
    } throws: { error in
      let error = error as? DecodingError
      return error?.reason == .invalidUTF8 && error?.message == "rapport.sample.v1.Scalars"
    }
  }

  @Test(
    "a text that is not UTF-8 is refused in a list, a map's key, a map's value, and a oneof that goes on to another field",
    arguments: [
      (SampleV1.Lists.self as any Message.Type, "72 01 FF"),
      (SampleV1.Maps.self, "62 03 0A 01 FF"),
      (SampleV1.Maps.self, "62 03 12 01 FF"),
      (SampleV1.Choices.self, "52 01 FF 20 01"),
      (SampleV1.Choices.self, "6A 03 72 01 FF 20 01"),
    ])
  func invalidTextWithin(type: any Message.Type, hexadecimal: String) {
    #expect { try type.init(decoding: bytes(hexadecimal), limits: .standard) } throws: { error in
      (error as? DecodingError)?.reason == .invalidUTF8
    }
  }

  @Test("packed and unpacked numbers are read alike, and mixed")
  func packing() throws {
    let packed = try SampleV1.Lists(decoding: bytes("1A 03 01 02 03"))
    let unpacked = try SampleV1.Lists(decoding: bytes("18 01 18 02 18 03"))
    let mixed = try SampleV1.Lists(decoding: bytes("18 01 1A 02 02 03"))
    #expect(packed.int32Values == [1, 2, 3])
    #expect(packed == unpacked)
    #expect(packed == mixed)
    #expect(try SampleV1.UnpackedLists(decoding: bytes("1A 03 01 02 03")).int32Values == [1, 2, 3])
  }

  @Test("packed booleans may be any varint")
  func oddBooleans() throws {
    let message = try SampleV1.Lists(decoding: bytes("6A 06 00 01 02 80 01 00"))
    #expect(message.boolValues == [false, true, true, true, false])
  }

  @Test("a boolean's bits beyond the 64th do not count")
  func overlongBoolean() throws {
    #expect(try SampleV1.Scalars(decoding: bytes("68 80 80 80 80 80 80 80 80 80 02")).boolValue == false)
    #expect(try SampleV1.Scalars(decoding: bytes("68 80 80 80 80 80 80 80 80 80 01")).boolValue == true)
  }

  @Test("an enum's number without a name is kept")
  func unknownEnumValue() throws {
    let message = try SampleV1.Scalars(decoding: bytes("80 01 4D"))
    #expect(message.color.rawValue == 77)
    #expect("\(message.color)" == "77")
    #expect(try message.encoded() == bytes("80 01 4D"))
  }

  // MARK: Maps

  @Test("the last entry of a key wins")
  func lastEntryWins() throws {
    let message = try SampleV1.Maps(decoding: bytes("0A 04 08 01 10 02  0A 04 08 01 10 03"))
    #expect(message.int32Keys == [1: 3])
  }

  @Test("an entry without key or value has their defaults")
  func halfEntries() throws {
    #expect(try SampleV1.Maps(decoding: bytes("0A 00")).int32Keys == [0: 0])
    #expect(try SampleV1.Maps(decoding: bytes("62 03 12 01 61")).stringKeys == ["": "a"])
    #expect(try SampleV1.Maps(decoding: bytes("8A 01 03 0A 01 61")).scalarsValues == ["a": .init()])
  }

  @Test("what is unknown within an entry is dropped, as C++, Java and Go do")
  func unknownWithinEntry() throws {
    let message = try SampleV1.Maps(decoding: bytes("0A 06 08 01 10 02 18 03"))
    #expect(message.int32Keys == [1: 2])
    #expect(message.unknownFields.isEmpty)
  }

  @Test("two keys that Swift takes for one text are refused, not lost")
  func equivalentKeys() throws {
    // "é" as one character, and as "e" with an accent behind it.
    let composed = field(12, field(1, bytes("C3 A9")) + field(2, [0x61]))
    let decomposed = field(12, field(1, bytes("65 CC 81")) + field(2, [0x62]))
    #expect(try SampleV1.Maps(decoding: composed + composed).stringKeys.count == 1)
    #expect { try SampleV1.Maps(decoding: composed + decomposed) } throws: { error in
      (error as? DecodingError)?.reason == .ambiguousKey
    }
    // The Kelvin sign is canonically the letter K.
    let kelvin = field(12, field(1, bytes("E2 84 AA")))
    #expect(throws: DecodingError.self) { try SampleV1.Maps(decoding: kelvin + field(12, field(1, [0x4B]))) }
  }

  // MARK: Merging

  @Test("a submessage that comes twice is merged")
  func merging() throws {
    let first = field(17, bytes("18 05 72 01 61"))  // int32Value 5, stringValue "a"
    let second = field(17, bytes("20 07"))  // int64Value 7
    let message = try SampleV1.Optionals(decoding: first + second)
    #expect(
      message.scalars
        == .with {
          $0.int32Value = 5
          $0.stringValue = "a"
          $0.int64Value = 7
        })
  }

  @Test("merging keeps an empty text that was set on purpose")
  func mergingEmptyText() throws {
    let first = field(200, bytes("72 01 61"))
    let second = field(200, bytes("72 00"))
    let message = try SampleV1.Choices(decoding: first + second)
    #expect(message.second == .right(.with { $0.stringValue = "" }))
  }

  @Test("a submessage of a oneof that comes twice is merged, unless another field came between")
  func mergingInOneof() throws {
    let five = field(13, bytes("18 05"))
    let text = field(13, bytes("72 01 61"))
    let flag = bytes("48 01")
    let merged = try SampleV1.Choices(decoding: five + text)
    #expect(
      merged.first
        == .scalarsChoice(
          .with {
            $0.int32Value = 5
            $0.stringValue = "a"
          }))
    #expect(
      try SampleV1.Choices(decoding: five + flag + text).first == .scalarsChoice(.with { $0.stringValue = "a" }))
    #expect(try SampleV1.Choices(decoding: five + flag).first == .boolChoice(true))
  }

  // MARK: Unknown fields

  @Test(
    "what is unknown is kept as it stands",
    arguments: [
      "08 01",  // A varint.
      "09 01 02 03 04 05 06 07 08", "0D 01 02 03 04",  // Fixed numbers.
      "12 03 61 62 63",  // Bytes.
      "0B 08 01 13 14 0C",  // A group with a field and a group.
      "88 00 01",  // A tag longer than it needs to be.
      "F8 FF FF FF 0F 01",  // The largest number.
      "08 80 80 00",  // A varint longer than it needs to be.
      "12 00 0B 0C 08 01 12 00",  // Several, in order.
    ])
  func unknownFields(hexadecimal: String) throws {
    let message = try SampleV1.Nothing(decoding: bytes(hexadecimal))
    #expect(message.unknownFields == bytes(hexadecimal))
    #expect(try message.encoded() == bytes(hexadecimal))
  }

  @Test("a known field of another wire type is an unknown one")
  func otherWireType() throws {
    // int32Value as bytes and as a fixed number, stringValue as a varint, scalars as a group.
    let odd = bytes("1A 01 05 1D 01 02 03 04 70 05 8B 01 8C 01")
    let message = try SampleV1.Optionals(decoding: odd + bytes("18 09"))
    #expect(message.int32Value == 9)
    #expect(message.stringValue == nil)
    #expect(message.scalars == nil)
    #expect(message.unknownFields == odd)
  }

  @Test("unknown fields of submessages stay where they are")
  func unknownFieldsWithin() throws {
    let data = field(17, bytes("A0 06 01 A3 06 A4 06"))
    let message = try SampleV1.Optionals(decoding: data)
    #expect(message.scalars?.unknownFields == bytes("A0 06 01 A3 06 A4 06"))
    #expect(try message.encoded() == data)
  }

  // MARK: Damage

  @Test("a message cut off anywhere is refused, or is a shorter one")
  func everyPrefix() throws {
    let whole = try SampleV1.Choices.with { message in
      message.before = "before"
      message.first = .listsChoice(
        .with {
          $0.int64Values = [1, -1, 300]
          $0.doubleValues = [0.5]
          $0.scalars = [.with { $0.stringValue = "deep" }]
        })
      message.second = .right(.with { $0.fixed64Value = 7 })
      message.after = -1
    }.encoded()
    // The ends of the four outermost fields.
    var ends: Set<Int> = []
    for count in 0...whole.count {
      if let message = try? SampleV1.Choices(decoding: Array(whole.prefix(count))) {
        ends.insert(count)
        #expect(try message.encoded() == Array(whole.prefix(count)))
      }
    }
    #expect(ends.count == 5)
    #expect(ends.contains(0))
    #expect(ends.contains(whole.count))
  }

  @Test(
    "damage is refused with its reason",
    arguments: [
      ("18", DecodingError.Reason.truncated), ("18 80", .truncated), ("0D 01 02", .truncated), ("0A 05 61", .truncated),
      ("18 FF FF FF FF FF FF FF FF FF FF 01", .malformedNumber), ("FF FF FF FF FF 01", .malformedNumber),
      ("00 01", .malformedTag), ("F8 FF FF FF 7F 01", .malformedTag), ("06", .malformedTag), ("0F", .malformedTag),
      ("82 80 80 80 10 00", .malformedTag),  // The number that rewriting uses for itself.
      ("0C", .unbalancedGroup), ("0B 14", .unbalancedGroup), ("0B", .truncated), ("0B 08 01", .truncated),
    ])
  func damage(hexadecimal: String, reason: DecodingError.Reason) {
    #expect { try SampleV1.Scalars(decoding: bytes(hexadecimal)) } throws: { error in
      (error as? DecodingError)?.reason == reason
    }
  }

  @Test("an error names the innermost message and its field")
  func errorPlace() {
    #expect {
      try SampleV1.Choices(decoding: field(13, bytes("72 05 61")))
    } throws: { error in
      "\(error)" == "The bytes end within field 14 of rapport.sample.v1.Scalars."
    }
  }
}
