import Crypto
import Messages
import RPC
import Testing

@testable import ServiceKit

@Suite("Pages, masks and page tokens")
struct ListTests {
  private let tokens = PageTokens(key: SymmetricKey(size: .bits256))
  private let list = PageTokens.List(method: "/a/List", parent: "entities/b2c", filter: "x=1", "name")

  @Test("a token gives its position back, and does not show it")
  func roundTrip() throws {
    let position = Array("alice@example.test".utf8)
    let token = try tokens.seal(position, of: list)
    #expect(try tokens.open(token, of: list) == position)
    #expect(token.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    #expect(try tokens.open("", of: list) == nil)
  }

  @Test("a token of another list is refused")
  func otherList() throws {
    let token = try tokens.seal([1, 2, 3], of: list)
    let others = [
      PageTokens.List(method: "/a/Other", parent: "entities/b2c", filter: "x=1", "name"),
      PageTokens.List(method: "/a/List", parent: "entities/-", filter: "x=1", "name"),
      PageTokens.List(method: "/a/List", parent: "entities/b2c", filter: "x=2", "name"),
      PageTokens.List(method: "/a/List", parent: "entities/b2c", filter: "x=1name", ""),
    ]
    for other in others {
      let error = #expect(throws: RPCError.self) { try tokens.open(token, of: other) }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test("a changed, cut or foreign token is refused")
  func changed() throws {
    let token = try tokens.seal([1, 2, 3], of: list)
    for (index, character) in token.enumerated() {
      var changed = Array(token)
      changed[index] = character == "A" ? "Q" : "A"
      #expect(throws: RPCError.self) { try tokens.open(String(changed), of: list) }
      #expect(throws: RPCError.self) { try tokens.open(String(token.prefix(index + 1).dropLast()) + "!", of: list) }
    }
    let foreign = try PageTokens(key: SymmetricKey(size: .bits256)).seal([1], of: list)
    #expect(throws: RPCError.self) { try tokens.open(foreign, of: list) }
  }

  @Test("a page has the size asked for, within the limit")
  func sizes() throws {
    #expect(try PageSize(asked: 0).count == 100)
    #expect(try PageSize(asked: 7).count == 7)
    #expect(try PageSize(asked: 5_000).count == 1_000)
    #expect(throws: RPCError.self) { try PageSize(asked: -1) }
  }

  private func mask(_ paths: String...) throws -> FieldMask {
    var message = GoogleProtobuf.FieldMask()
    message.paths = paths
    return try FieldMask(message, updatable: ["display_name", "settings", "fields.*"])
  }

  @Test("an empty mask changes what is set, a star everything")
  func emptyAndStar() throws {
    #expect(try mask().includes("display_name", isSet: true))
    #expect(try !mask().includes("display_name", isSet: false))
    #expect(try mask("*").includes("display_name", isSet: false))
    #expect(try mask("*").includes("fields.age", isSet: false))
    #expect(try !mask("*").includes("create_time", isSet: true))
  }

  @Test("a named path changes itself and what is in it, and nothing else")
  func named() throws {
    let mask = try mask("settings", "fields.age")
    #expect(mask.includes("settings", isSet: false))
    #expect(mask.includes("settings.color", isSet: false))
    #expect(mask.includes("fields.age", isSet: false))
    #expect(!mask.includes("fields.name", isSet: true))
    #expect(!mask.includes("display_name", isSet: true))
    #expect(try self.mask("fields").includes("fields.name", isSet: false))
  }

  @Test("a path that cannot be updated is named in the error", arguments: ["create_time", "settings.color", "x.y", ""])
  func unknown(path: String) {
    let error = #expect(throws: RPCError.self) { try mask(path) }
    #expect(error?.fieldViolations.first?.description.contains("\"\(path)\"") == true)
  }
}
