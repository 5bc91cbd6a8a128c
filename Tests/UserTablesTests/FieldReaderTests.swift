import Database
import Messages
import Testing
import Values

@testable import UserTables

private let reader = FieldReader(zone: .utc)

private func field(_ type: UserTables.FieldType, _ change: (inout FieldDefinition) -> Void = { _ in })
  -> FieldDefinition
{
  var field = FieldDefinition(id: "field", number: 1, type: type)
  change(&field)
  return field
}

private func read(_ text: String, _ field: FieldDefinition) throws -> SQLValue {
  try reader.read(cell: Array(text.utf8)[...], for: field)
}

@Suite("A field")
struct FieldReaderTests {
  @Test("accepts the texts of its type, and keeps them in one form")
  func accepted() throws {
    #expect(try read("Alice.B+x@Example.TEST", field(.email)) == .text("alice.b+x@example.test"))
    #expect(try read("+32 470/12.34-56", field(.phone)) == .text("+32470123456"))
    #expect(try read(" FR ", field(.language)) == .text("fr"))
    #expect(try read("be", field(.country)) == .text("BE"))
    #expect(try read(" -12 ", field(.integer)) == .int(-12))
    #expect(try read("12.50", field(.decimal)) == .decimal(DecimalNumber(parsing: "12.5")))
    #expect(try read("Yes", field(.boolean)) == .bool(true))
    #expect(try read("2024-02-29", field(.date)) == .date(CalendarDate(year: 2024, month: 2, day: 29)))
    #expect(try read("https://example.test/ä?x=1", field(.url)) == .text("https://example.test/ä?x=1"))
    #expect(try read(" kept ", field(.string)) == .text(" kept "))
  }

  @Test(
    "refuses what is not of its type",
    arguments: [
      (UserTables.FieldType.email, "alice"), (.email, "a@b"), (.email, "a..b@example.test"), (.email, "a@-x.test"),
      (.email, "a b@example.test"), (.phone, "0470123456"), (.phone, "+123"), (.language, "fra"), (.country, "1x"),
      (.integer, "1.0"), (.integer, "9223372036854775808"), (.decimal, "12,5"), (.decimal, "NaN"), (.boolean, "maybe"),
      (.date, "2023-02-29"), (.date, "29/02/2024"), (.timestamp, "yesterday"), (.url, "javascript:alert(1)"),
      (.url, "https://"), (.string, "a\u{0}b"),
    ])
  func refused(type: UserTables.FieldType, text: String) {
    #expect(throws: FieldProblem.self) { try read(text, field(type)) }
  }

  @Test("bounds text by Unicode scalars, on both sides")
  func lengths() throws {
    let bounded = field(.string) {
      $0.minimumLength = 2
      $0.maximumLength = 3
    }
    #expect(throws: FieldProblem.self) { try read("é", bounded) }
    #expect(try read("éé", bounded) == .text("éé"))
    #expect(try read("ééé", bounded) == .text("ééé"))
    #expect(throws: FieldProblem.self) { try read("éééé", bounded) }
  }

  @Test("takes only accepted values")
  func acceptedValues() throws {
    let tier = field(.string) { $0.acceptedValues = ["gold", "silver"] }
    #expect(try read("gold", tier) == .text("gold"))
    #expect(throws: FieldProblem.self) { try read("Gold", tier) }
  }

  @Test("refuses bytes that are not UTF-8")
  func latin1() {
    #expect(throws: FieldProblem.notUTF8) { try reader.read(cell: [0x63, 0xE9][...], for: field(.string)) }
  }

  @Test("tells a wrong kind of value apart from a wrong value")
  func kinds() throws {
    #expect(try reader.read(TypeV1.Value(.int64Value(3)), for: field(.decimal)) == .decimal(DecimalNumber(3)))
    #expect(throws: FieldProblem.wrongKind(.integer)) {
      try reader.read(TypeV1.Value(.stringValue("3")), for: field(.integer))
    }
    #expect(throws: FieldProblem.required) {
      try reader.read(TypeV1.Value(.nullValue(.init())), for: field(.string) { $0.isRequired = true })
    }
    #expect(throws: FieldProblem.self) { try reader.read(TypeV1.Value(), for: field(.string)) }
  }

  @Test("keeps a decimal exactly on its way through a message")
  func decimals() throws {
    for text in ["0", "-1.50", "99999999999999999999999999999999999999", "-0.00000000000000000000000000000000000001"] {
      let number = try DecimalNumber(parsing: text)
      #expect(try DecimalNumber(number.message) == number)
    }
  }

  @Test("begins a day in the entity's zone, also where clocks change")
  func zones() throws {
    let brussels = try #require(Zone("Europe/Brussels"))
    let summer = try CalendarDate(year: 2024, month: 3, day: 31)
    #expect(try brussels.start(of: summer).description == "2024-03-30T23:00:00Z")
    #expect(try brussels.start(of: CalendarDate(year: 2024, month: 10, day: 28)).description == "2024-10-27T23:00:00Z")
    // In São Paulo the clocks of 4 November 2018 sprang from midnight to one.
    let saoPaulo = try #require(Zone("America/Sao_Paulo"))
    let skipped = try CalendarDate(year: 2018, month: 11, day: 4)
    #expect(try saoPaulo.start(of: skipped).description == "2018-11-04T03:00:00Z")
    #expect(try saoPaulo.day(of: saoPaulo.start(of: skipped)) == skipped)
    #expect(Zone("Europe/Nowhere") == nil)
  }
}
