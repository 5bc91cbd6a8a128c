import Messages
import SampleMessages
import Testing

@Suite("The resources that a message names")
struct ResourceNamesTests {
  private func names(_ message: some Message) throws -> [String] {
    try ResourceNames.names(in: message.encoded(), of: type(of: message).descriptor).map { "\($0.path) = \($0.value)" }
  }

  @Test("are found in fields, trees, lists, maps, oneofs and within Any")
  func everywhere() throws {
    let request = try SampleV1.SearchRequest.with {
      $0.parent = "shelves/1"
      $0.criterion = .with { criterion in
        criterion.kind = .all(
          .with { all in
            all.criteria = [
              .with { $0.kind = .title("not a name") },
              .with { $0.kind = .book("shelves/1/books/2") },
              .with { $0.kind = .all(.with { $0.criteria = [.with { $0.kind = .book("shelves/3/books/4") }] }) },
            ]
          })
      }
      $0.also = ["shelves/5", "shelves/6"]
      $0.labels = ["red": "shelves/7/books/8"]
      $0.shelf = .with {
        $0.name = "shelves/9"
        $0.books = ["title": .with { $0.resourceName = "shelves/9/books/10" }]
      }
      $0.more = try .with {
        $0.typeUrl = "type.googleapis.com/rapport.sample.v1.Book"
        $0.value = try SampleV1.Book.with { $0.resourceName = "shelves/x" }.encoded()
      }
      $0.name = "no resource"
      $0.numbered = [-3: .with { $0.kind = .book("shelves/11/books/12") }]
      $0.hint = "any/13"
    }
    #expect(
      try names(request) == [
        "parent = shelves/1",
        "criterion.all.criteria[1].book = shelves/1/books/2",
        "criterion.all.criteria[2].all.criteria[0].book = shelves/3/books/4",
        "also[0] = shelves/5",
        "also[1] = shelves/6",
        "labels[\"red\"] = shelves/7/books/8",
        "shelf.name = shelves/9",
        "shelf.books[\"title\"].resource_name = shelves/9/books/10",
        "numbered[\"-3\"].book = shelves/11/books/12",
        "hint = any/13",
      ])
  }

  @Test("within Any are found for messages that the suite knows")
  func any() throws {
    let entity = try #require(MessageRegistry.message(named: "rapport.access.v1.Entity"))
    #expect(entity.namesResources)
    let holder = try SampleV1.SearchRequest.with {
      $0.more = try .with {
        $0.typeUrl = "type.googleapis.com/rapport.access.v1.Entity"
        $0.value = try AccessV1.Entity.with { $0.name = "entities/b2c" }.encoded()
      }
    }
    #expect(try names(holder) == ["more.name = entities/b2c"])
  }

  @Test("tell the kind of the resource")
  func kinds() throws {
    let request = SampleV1.SearchRequest.with {
      $0.parent = "shelves/1"
      $0.hint = ""
    }
    let found = try ResourceNames.names(in: request.encoded(), of: SampleV1.SearchRequest.descriptor)
    #expect(found.map(\.resource.childType) == ["sample/Book", ""])
    #expect(found.map(\.resource.type) == ["", "*"])
  }

  @Test("are all found where a field comes more than once, though only the last one counts")
  func repetition() throws {
    let twice = field(1, Array("shelves/1".utf8)) + field(1, Array("shelves/2".utf8))
    let found = try ResourceNames.names(in: twice, of: SampleV1.SearchRequest.descriptor)
    #expect(found.map(\.value) == ["shelves/1", "shelves/2"])
    // Of a map's entry too, and of a submessage that another field of its oneof replaces.
    let entry = field(4, field(1, [0x61]) + field(2, [0x62]) + field(2, [0x63]))
    #expect(try ResourceNames.names(in: entry, of: SampleV1.SearchRequest.descriptor).map(\.value) == ["b", "c"])
    let criterion = field(2, field(2, [0x64]) + field(3, [0x65]))
    #expect(try ResourceNames.names(in: criterion, of: SampleV1.SearchRequest.descriptor).map(\.value) == ["d"])
  }

  @Test("are not looked for in messages that cannot name any")
  func nothingToFind() throws {
    #expect(!SampleV1.Lists.descriptor.namesResources)
    #expect(try ResourceNames.names(in: bytes("FF FF"), of: SampleV1.Lists.descriptor).isEmpty)
  }

  @Test("are refused with the message if it is damaged where they stand")
  func damage() {
    for hexadecimal in ["0A 05 61", "0A 01 FF", "12 03 12 05 61", "22 02 0A", "0B"] {
      #expect(throws: DecodingError.self) {
        try ResourceNames.names(in: bytes(hexadecimal), of: SampleV1.SearchRequest.descriptor)
      }
    }
  }

  @Test("are refused where messages nest too deep")
  func depth() {
    let deep = (0..<60).reduce([] as [UInt8]) { inner, _ in field(1, field(1, inner)) }
    #expect { try ResourceNames.names(in: field(2, deep), of: SampleV1.SearchRequest.descriptor) } throws: { error in
      (error as? DecodingError)?.reason == .tooDeep
    }
  }
}
