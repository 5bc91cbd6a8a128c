import Testing
import Values

@Suite("Decimal numbers")
struct DecimalNumberTests {
  @Test(
    "print what they were read from",
    arguments: ["0", "-0.50", "12", "1.000", "0.00000000000000000000000000000000000001"])
  func roundTrip(text: String) throws {
    #expect(try DecimalNumber(parsing: text).description == text)
  }

  @Test("equal as numbers, whatever their scale")
  func equality() throws {
    let short = try DecimalNumber(parsing: "1.5")
    let long = try DecimalNumber(parsing: "1.500")
    #expect(short == long)
    #expect(Set([short, long]).count == 1)
  }
}
