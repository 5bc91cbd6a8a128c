import Testing

@testable import HTTP

@Suite("Targets, fields and patterns of HTTP requests")
struct HTTPTargetTests {
  @Test("an encoded slash stays within its segment")
  func segments() throws {
    let target = try #require(HTTPTarget("/f/a%2Fb/%C3%A9?x=1&y=a+b%26&z"))
    #expect(target.segments == ["f", "a/b", "é"])
    #expect(target.path == "/f/a%2Fb/%C3%A9")
    #expect(
      target.queryFields == [
        HTTPField(name: "x", value: "1"), HTTPField(name: "y", value: "a b&"), HTTPField(name: "z", value: ""),
      ])
  }

  @Test(
    "what could be read in two ways is refused",
    arguments: ["", "f", "*", "/%", "/%2", "/%zz", "/a/../b", "/./", "/%2e%2E/x", "/%00", "/%ff", "/%C3"])
  func refused(text: String) {
    #expect(HTTPTarget(text) == nil)
  }

  @Test("an absolute target counts from its path", arguments: ["http://a.test/f/1?q", "https://a.test:80/f/1?q"])
  func absolute(text: String) throws {
    let target = try #require(HTTPTarget(text))
    #expect(target.segments == ["f", "1"])
    #expect(target.query == "q")
  }

  @Test("a form's broken encoding is noticed")
  func brokenForm() {
    #expect(HTTPField.parse("a=%zz".utf8) == nil)
    #expect(HTTPField.parse("".utf8) == [])
    #expect(HTTPField.parse("a=b=c".utf8) == [HTTPField(name: "a", value: "b=c")])
  }

  @Test("patterns name segments, and the rest of a path")
  func patterns() {
    let one: HTTPPathPattern = "/t/{link}/open.gif"
    #expect(one.parameters(of: ["t", "x", "open.gif"]) == ["link": "x"])
    #expect(one.parameters(of: ["t", "", "open.gif"]) == nil)
    #expect(one.parameters(of: ["t", "x"]) == nil)
    #expect(one.parameters(of: ["t", "x", "open.gif", "y"]) == nil)
    let rest: HTTPPathPattern = "/v1/{name...}"
    #expect(rest.parameters(of: ["v1", "entities", "b2c"]) == ["name": "entities/b2c"])
    #expect(rest.parameters(of: ["v1"]) == nil)
  }
}
