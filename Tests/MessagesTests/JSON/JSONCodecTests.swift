import Messages
import SampleMessages
import Testing

/// What is said of JSON beyond the comparison with Python's (Tests/Messages/test_json.py).
@Suite("JSON")
struct JSONCodecTests {
  private func json(_ message: some Message, _ options: JSONCodec.Options = .init()) throws -> String {
    String(
      decoding: try JSONCodec.json(from: message.encoded(), as: type(of: message).descriptor, options: options),
      as: UTF8.self)
  }

  private func error(_ json: String, _ type: any Message.Type) -> String {
    do {
      _ = try JSONCodec.wire(from: Array(json.utf8), as: type.descriptor)
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test("has fields by number, maps by key, and nothing that is not set")
  func order() throws {
    let message = SampleV1.Maps.with {
      $0.stringKeys = ["b": "2", "a": "1"]
      $0.int32Keys = [1: 2]
    }
    #expect(try json(message) == #"{"int32Keys":{"1":2},"stringKeys":{"a":"1","b":"2"}}"#)
  }

  @Test("has defaults and the names of the .proto where they are asked for")
  func options() throws {
    var options = JSONCodec.Options()
    options.includesDefaults = true
    options.usesProtoNames = true
    #expect(
      try json(SampleV1.Criterion.All(), options) == #"{"criteria":[]}"#)
    #expect(
      try json(SampleV1.Book(), options) == #"{"resource_name":"","title":""}"#)
    #expect(try json(SampleV1.Optionals(), options) == "{}")
  }

  @Test("of a message in a log hides what is personal")
  func description() {
    let book = SampleV1.Book.with {
      $0.resourceName = "shelves/1/books/2"
      $0.title = "The Diary of a Customer"
    }
    #expect(
      "\(book)" == #"rapport.sample.v1.Book {"resourceName":"shelves/1/books/2","title":"(personal)"}"#)
  }

  @Test("escapes what would end a text or a page's script")
  func escapes() throws {
    let message = SampleV1.Book.with { $0.title = "\"\\\n\u{1}</script>é" }
    #expect(try json(message) == #"{"title":"\"\\\n\u0001\u003c/script\u003eé"}"#)
  }

  @Test("leaves out what the descriptor does not know")
  func unknownFields() throws {
    let wire = bytes("A0 06 01 0A 01 61 A3 06 A4 06")
    #expect(try JSONCodec.json(from: wire, as: SampleV1.Book.descriptor) == Array(#"{"resourceName":"a"}"#.utf8))
  }

  @Test("errors name the place, and the field that does not exist")
  func errors() {
    #expect(
      error(#"{"scalars": [{}, {"int32Value": "x"}]}"#, SampleV1.Lists.self)
        == "scalars[1].int32Value: A whole number of at most 64 bits is expected.")
    #expect(
      error(#"{"scalarsValues": {"a b": {"colour": 1}}}"#, SampleV1.Maps.self)
        == #"scalarsValues["a b"]: rapport.sample.v1.Scalars has no field colour."#)
    #expect(error(#"{"timestamp": "yesterday"}"#, SampleV1.WellKnown.self).hasPrefix("timestamp: A time such as"))
    #expect(error(#"{"a": 1} 2"#, SampleV1.Book.self) == "Text stands behind the JSON value, at byte 9.")
    #expect(
      error(#"{"boolChoice": true, "stringChoice": ""}"#, SampleV1.Choices.self)
        == "stringChoice: It cannot be set together with boolChoice.")
  }

  @Test("100 levels of JSON are read, 101 are not")
  func depth() throws {
    let nest = { (depth: Int) in
      String(repeating: #"{"child":"#, count: depth) + "{}" + String(repeating: "}", count: depth)
    }
    #expect(error(nest(99), SampleV1.Node.self) == "no error")
    #expect(error(nest(101), SampleV1.Node.self).hasPrefix("The JSON nests too deep"))
    #expect(error(String(repeating: "[", count: 100_000), SampleV1.Node.self).hasPrefix("The JSON nests too deep"))
  }

  @Test("has no form for messages that are out of range, or that nobody knows")
  func noForm() throws {
    let late = SampleV1.WellKnown.with { $0.timestamp = .with { $0.seconds = 253_402_300_800 } }
    let mixed = SampleV1.WellKnown.with {
      $0.duration = .with {
        $0.seconds = 1
        $0.nanos = -1
      }
    }
    let mask = SampleV1.WellKnown.with { $0.mask = .with { $0.paths = ["notSnake"] } }
    // Masks are one text in JSON: these would come back as other masks.
    let masks = [[""], ["a", ""], ["a,b"]].map { paths in
      SampleV1.WellKnown.with { $0.mask = .with { $0.paths = paths } }
    }
    let any = SampleV1.WellKnown.with { $0.any = .with { $0.typeUrl = "type.googleapis.com/no.such.Message" } }
    let withoutSlash = SampleV1.WellKnown.with { $0.any = .with { $0.typeUrl = "google.protobuf.Empty" } }
    let value = SampleV1.WellKnown.with { $0.value = .init() }
    for message in [late, mixed, mask, any, withoutSlash, value] + masks {
      #expect(throws: JSONError.self) { try json(message) }
    }
  }

  @Test(
    "tells the time of any day, on both sides of 1970 and of leap days",
    arguments: [
      (-62_135_596_800, "0001-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
      (4_107_542_400, "2100-03-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func times(seconds: Int64, text: String) throws {
    let message = SampleV1.WellKnown.with { $0.timestamp = .with { $0.seconds = seconds } }
    #expect(try json(message) == #"{"timestamp":"\#(text)"}"#)
    #expect(try JSONCodec.wire(from: Array(json(message).utf8), as: SampleV1.WellKnown.descriptor) == message.encoded())
  }
}
