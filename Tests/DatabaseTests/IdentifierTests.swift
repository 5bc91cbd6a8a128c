import Database
import Testing

@Suite("Identifiers")
struct IdentifierTests {
  @Test("are quoted with their inner quotes doubled")
  func quotes() throws {
    #expect(try quoted("a\"b") == "\"a\"\"b\"")
  }

  @Test(
    "are refused when PostgreSQL would cut or end them", arguments: ["", "a\0b", String(repeating: "é", count: 32)])
  func refused(name: String) {
    #expect(throws: DatabaseError.self) { try quoted(name) }
  }
}
