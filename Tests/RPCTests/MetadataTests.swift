import Testing

@testable import RPC

struct MetadataTests {
  @Test("values of a name keep their order, whatever its case")
  func order() {
    var metadata = Metadata()
    metadata.append("X-Name", "one")
    metadata.append("other", "x")
    metadata.append("x-name", "two")
    #expect(metadata.all("x-name") == ["one", "two"])
    #expect(metadata.first("X-NAME") == "one")
    #expect(metadata.first("x-nam") == nil)
    #expect(metadata.count == 3)
  }

  @Test("bytes come back as they were, several in one field too")
  func binary() {
    var metadata = Metadata()
    metadata.append("a-bin", bytes: [0, 255])
    metadata.append("a-bin", bytes: [])
    #expect(metadata.allBytes("a-bin") == [[0, 255], []])
    var received = HeaderBlock()
    received.append("a-bin", "AAE=,AAEC,!,AA")
    var wire = Metadata()
    wire.appendIfCustom(received.fields[0], of: received)
    #expect(wire.allBytes("a-bin") == [[0, 1], [0, 1, 2], [0]])
  }

  @Test(
    "what cannot travel is left out",
    arguments: [
      ("grpc-status", "0"), (":path", "/"), ("te", "x"), ("content-type", "x"), ("", "x"), ("bad name", "x"),
      ("name", "ü"), ("name", "a\r\nb"), ("name-bin", "text"), ("connection", "close"),
    ])
  func refused(name: String, value: String) {
    var metadata = Metadata()
    #expect(metadata.append(name, value) == false)
    #expect(metadata.isEmpty)
  }

  @Test("bytes need a name that says so")
  func binaryName() {
    var metadata = Metadata()
    #expect(metadata.append("name", bytes: [1]) == false)
  }

  @Test("of other metadata only what is wanted is added")
  func wanted() {
    var other = Metadata()
    for (name, value) in [("a", "1"), ("b", "2"), ("a", "3")] { other.append(name, value) }
    var metadata = Metadata()
    metadata.append("c", "0")
    metadata.append(contentsOf: other) { !$0.elementsEqual("a".utf8) }
    #expect(metadata.all.map(\.name) == ["c", "b"])
    #expect(other.size == 6)
  }

  @Test("a value that came more than once is not the only one")
  func rawValue() throws {
    var metadata = Metadata()
    #expect(metadata.rawValue("a") == nil)
    metadata.append("a", "1")
    metadata.append("b", "2")
    let only = try #require(metadata.rawValue("A"))
    #expect(only.value.elementsEqual("1".utf8) && only.isOnly)
    metadata.append("a", "3")
    let first = try #require(metadata.rawValue("a"))
    #expect(first.value.elementsEqual("1".utf8) && !first.isOnly)
  }

  @Test("equality is by names and values, however they came about")
  func equality() {
    var more = Metadata()
    more.append("x", "0")
    more.append("a", "1")
    var one = Metadata()
    one.append(contentsOf: more) { !$0.elementsEqual("x".utf8) }
    var other = Metadata()
    other.append("a", "1")
    #expect(one == other)
    #expect(one.hashValue == other.hashValue)
    other.append("a", "1")
    #expect(one != other)
  }

  @Test("the description shows no value")
  func description() {
    var metadata = Metadata()
    metadata.append("authorization", "secret")
    #expect("\(metadata)" == "[authorization]")
  }
}
