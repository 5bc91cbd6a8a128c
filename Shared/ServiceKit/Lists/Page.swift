package import RPC
import Values

/// One page of a list: how many entries it has, where it starts, and the token of the next.
package struct Page: Sendable {
  /// Entries at most. Ask the database for one more: it tells whether another page follows.
  package let size: Int
  /// Where it starts, in the list's own form; nil: at the beginning.
  package let position: [UInt8]?

  private let tokens: PageTokens
  private let list: PageTokens.List

  /// The page that a request asks for.
  ///
  /// - Throws: ``RPCError`` INVALID_ARGUMENT for a negative size or a token of another list.
  package init(of list: PageTokens.List, size: Int32, token: String, tokens: PageTokens) throws(RPCError) {
    self.size = try PageSize(asked: size).count
    self.position = try tokens.open(token, of: list)
    self.tokens = tokens
    self.list = list
  }

  /// The token of the page that starts at a position.
  package func next(_ position: [UInt8]) throws -> String {
    try tokens.seal(position, of: list)
  }
}

// MARK: - Positions

extension Page {
  /// Where it starts, in a list that is ordered by a number; nil: at the beginning.
  package var number: Int64? {
    position.flatMap(Int64.init(bigEndianBytes:))
  }

  /// The token of the page that starts behind a number.
  package func next(number: Int64) throws -> String {
    try next(number.bigEndianBytes)
  }

  /// Where it starts, in a list of resources of several entities that is ordered by name; nil: at the beginning.
  package var name: ResourceName? {
    position.flatMap { String(validating: $0, as: UTF8.self) }.flatMap { try? ResourceName($0) }
  }

  /// The token of the page that starts behind a name.
  package func next(name: String) throws -> String {
    try next(Array(name.utf8))
  }
}

extension Page {
  /// Reads a page of resources of several entities, by name: entity after entity, id after id.
  ///
  /// - Parameters:
  ///   - entities: sorted by name.
  ///   - name: of a resource.
  ///   - read: up to so many resources of one entity, by id, behind an id.
  /// - Returns: the page, and the token of the next; empty on the last.
  package func read<Resource>(
    _ entities: [Principal.Entity], name: (Resource) -> String,
    _ read: (_ entity: Principal.Entity, _ behind: String, _ limit: Int) async throws -> [Resource]
  ) async throws -> (resources: [Resource], nextPageToken: String) {
    let start = self.name
    let first = start?["entities"]?.text ?? ""
    let behind = start?.parts.last?.id.text ?? ""
    var resources: [Resource] = []
    for entity in entities where entity.key >= first {
      resources += try await read(entity, entity.key == first ? behind : "", size + 1 - resources.count)
      if resources.count > size {
        resources.removeLast(resources.count - size)
        return (resources, try next(name: resources.last.map(name) ?? ""))
      }
    }
    return (resources, "")
  }
}
