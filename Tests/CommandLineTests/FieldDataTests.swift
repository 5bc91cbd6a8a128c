import Messages
import Testing

@testable import CommandLineTool

@Suite("Values as people write them")
struct FieldDataTests {
  private let shape: TableShape = {
    var table = ProfilesV1.ProfileTable()
    table.attributes = [
      ("code", TypeV1.FieldType.string), ("age", .integer), ("amount", .decimal), ("birth", .date),
      ("seen", .timestamp),
    ].map { id, type in
      var attribute = ProfilesV1.Attribute()
      attribute.id = id
      attribute.type = type
      return attribute
    }
    var subscription = ProfilesV1.Subscription()
    subscription.id = "newsletter"
    table.subscriptions = [subscription]
    var segment = ProfilesV1.Segment()
    segment.id = "tier"
    segment.choices = ["gold", "silver"]
    table.segments = [segment]
    return TableShape(table)
  }()

  private func values(_ json: String) throws -> [String: TypeV1.Value.Kind?] {
    try FieldData.values(FieldData.members(of: Array(json.utf8)), of: shape).mapValues(\.kind)
  }

  private func decimal(_ json: String) throws -> TypeV1.Decimal? {
    guard case .decimalValue(let decimal)?? = try values(#"{"amount":\#(json)}"#)["amount"] else { return nil }
    return decimal
  }

  @Test("each takes the kind that the type of its field asks for")
  func kinds() throws {
    let values = try values(
      #"{"code":"00042","age":9223372036854775807,"birth":"1975-02-28","newsletter":true,"tier":"gold","seen":null}"#)
    #expect(values["code"] == .stringValue("00042"))
    #expect(values["age"] == .int64Value(.max))
    #expect(values["newsletter"] == .boolValue(true))
    #expect(values["tier"] == .stringValue("gold"))
    #expect(values["seen"] == .nullValue(TypeV1.Null()))
    guard case .dateValue(let date)?? = values["birth"] else {
      Issue.record("no date")
      return
    }
    #expect((date.year, date.month, date.day) == (1_975, 2, 28))
  }

  @Test("decimals keep every digit, as numbers and as texts")
  func decimals() throws {
    let number = try #require(try decimal("0.1"))
    #expect((number.high, number.low, number.scale) == (0, 1, 1))
    let text = try #require(try decimal(#""12.50""#))
    #expect((text.high, text.low, text.scale) == (0, 1_250, 2))
    let negative = try #require(try decimal("-1.5"))
    #expect((negative.high, negative.low, negative.scale) == (-1, .max - 14, 1))
    let long = try #require(try decimal("12345678901234567890123456.789"))
    let unscaled = Int128(long.high) << 64 | Int128(long.low)
    #expect(unscaled == 12_345_678_901_234_567_890_123_456_789)
    #expect(long.scale == 3)
    #expect(try decimal("7") != nil)
  }

  @Test("a day may stand for a time, and a time is an instant")
  func times() throws {
    guard case .dateValue? = try values(#"{"seen":"2024-02-29"}"#)["seen"] else {
      Issue.record("no date")
      return
    }
    guard case .timestampValue(let time)?? = try values(#"{"seen":"1970-01-01T01:00:00.25+01:00"}"#)["seen"] else {
      Issue.record("no time")
      return
    }
    #expect((time.seconds, time.nanos) == (0, 250_000_000))
  }

  @Test("a field that the table does not have goes as it is written, for the server to refuse")
  func unknownField() throws {
    #expect(try values(#"{"nothing":"x"}"#)["nothing"] == .stringValue("x"))
    #expect(try values(#"{"nothing":3}"#)["nothing"] == .int64Value(3))
  }

  @Test("several values are a list of the field's kind")
  func lists() throws {
    guard case .listValue(let list)?? = try values(#"{"age":[1,2]}"#)["age"] else {
      Issue.record("no list")
      return
    }
    #expect(list.values.map(\.kind) == [.int64Value(1), .int64Value(2)])
  }

  @Test(
    "what a field does not take is refused with its name and what it takes",
    arguments: [
      (#"{"age":"x"}"#, "age takes a whole number, and the data has a text."),
      (#"{"age":1.5}"#, "age takes a whole number, and the data has a number."),
      (#"{"code":42}"#, "code takes text, and the data has a number."),
      (#"{"birth":"1975-02-30"}"#, "birth takes a date (YYYY-MM-DD), and the data has a text."),
      (#"{"newsletter":"yes"}"#, "newsletter takes true or false, and the data has a text."),
      (#"{"code":{"stringValue":"x"}}"#, "code takes text, and the data has an object."),
    ])
  func refusals(json: String, message: String) {
    let error = #expect(throws: CommandError.self) { try values(json) }
    #expect(error?.message == message)
    #expect(error?.exitStatus == 64)
  }

  @Test("what is no JSON object is refused", arguments: ["", "[]", "3", "{", #"{"a":}"#])
  func noObject(json: String) {
    #expect(throws: CommandError.self) { try values(json) }
  }
}
