import ServiceKit
import Testing

@Suite("Resource names")
struct ResourceNameTests {
  @Test(
    "a name is written as it was read",
    arguments: [
      "entities/b2c/profileTables/customers/profiles/42", "profiles/emailAddress=alice@example.test", "entities/-",
      "profiles/code=a%2Fb%25", "profiles/a%3Db", "profiles/%2D", "profiles/naïve", "profiles/code=x=y",
    ])
  func roundTrip(text: String) throws {
    #expect(try ResourceName(text).description == text)
  }

  @Test("names compare by what they mean")
  func equality() throws {
    #expect(try ResourceName("profiles/%61") == ResourceName("profiles/a"))
    #expect(try ResourceName("profiles/%2D") != ResourceName("profiles/-"))
    #expect(try ResourceName("profiles/a%3Db") != ResourceName("profiles/a=b"))
  }

  @Test(
    "every id survives writing and reading", arguments: ["-", "a/b", "%", "%2F", "a=b", "=", "é", "🇧🇪", "a b", "?#&"])
  func ids(text: String) throws {
    let name = ResourcePattern("things/{thing}").name(text)
    #expect(try ResourceName(name.description)["things"] == .id(text))
    let key = ResourcePattern("things/{thing=}").name([.key(field: "code", value: text)])
    #expect(try ResourceName(key.description)["things"] == .key(field: "code", value: text))
  }

  @Test(
    "an error names the part at fault, and no id",
    arguments: [
      ("", "missing"), ("entities", "\"entities/\" is missing"), ("entities/", "\"entities/\" is missing"),
      ("/entities/a", "Part 1 "), ("entities/secret/Tables/secret", "Part 3 "), ("a/secret%zz", "\"a/\""),
      ("a/secret%0a", "\"a/\""), ("a/%ff", "\"a/\""), ("a/" + String(repeating: "x", count: 2_000), "2000 bytes"),
    ])
  func errors(text: String, part: String) throws {
    let error = try #require(throws: ResourceNameError.self) { try ResourceName(text) }
    #expect(error.description.contains(part))
    #expect(!error.description.contains("secret"))
  }

  private static let pattern = ResourcePattern("entities/{entity-}/profileTables/{table}/profiles/{profile=}")

  @Test("a pattern gives what its variables stand for")
  func match() throws {
    let match = try Self.pattern.match("entities/-/profileTables/customers/profiles/emailAddress=a@b.test")
    #expect(match["entity"] == .any)
    #expect(match.id("table") == "customers")
    #expect(match["profile"] == .key(field: "emailAddress", value: "a@b.test"))
    #expect(match.name.withoutKeys == "entities/-/profileTables/customers/profiles/emailAddress=…")
  }

  @Test(
    "a name of another form is refused",
    arguments: [
      "entities/a", "entities/a/profileTables/b/profiles/1/more/2", "entities/a/tables/b/profiles/1",
      "entities/a/profileTables/-/profiles/1", "entities/a/profileTables/x=y/profiles/1",
      "entities/a/profileTables/b/profiles/-",
    ])
  func mismatch(text: String) {
    #expect(throws: ResourceNameError.self) { try Self.pattern.match(text) }
  }

  @Test("an id is a number only in its shortest form")
  func numbers() {
    #expect(ResourceID.id("42").number == 42)
    for text in ["0", "-1", "042", "+4", "4.0", "", "99999999999999999999"] {
      #expect(ResourceID.id(text).number == nil)
    }
  }
}
