internal import Database
internal import Messages
internal import ServiceKit

/// Merges the interactions of a profile from all their sources.
struct Timeline: Sendable {
  let tables: CustomTableStore
  let database: Database
  let peers: [PeerSource]

  /// A page of a listing.
  struct Page: Sendable {
    let items: [TimelineItem]
    /// Whether another page follows.
    let hasMore: Bool
    /// What each source held when the listing began.
    let bounds: [String: [UInt8]]
  }

  /// Lists interactions in their order.
  ///
  /// A source that does not answer fails the listing: a gap would look like the truth.
  ///
  /// - Parameters:
  ///   - query: `limit` is the page's size.
  ///   - bounds: what the sources held when the listing began; nil on its first page.
  func list(_ query: TimelineQuery, bounds: [String: [UInt8]]?) async throws -> Page {
    var wanted = query
    wanted.limit += 1
    let asked = wanted
    let sources = try await sources(query).filter { bounds == nil || bounds?[$0.name] != nil }
    var items: [TimelineItem] = []
    var held: [String: [UInt8]] = [:]
    try await withThrowingTaskGroup { group in
      for source in sources {
        group.addTask { (source.name, try await source.list(asked, bound: bounds?[source.name])) }
      }
      for try await (name, answer) in group {
        items += answer.items
        held[name] = bounds?[name] ?? answer.bound
      }
    }
    items.sort { $0.place < $1.place }
    return Page(items: Array(items.prefix(query.limit)), hasMore: items.count > query.limit, bounds: held)
  }

  private func sources(_ query: TimelineQuery) async throws -> [any InteractionSource] {
    var sources: [any InteractionSource] = []
    if query.kinds.isEmpty || query.kinds.contains(.row) {
      let tables = try await tables.list(ofProfileTable: query.profileTableNumber, entity: query.entity.id)
      sources += tables.filter { $0.message.type == .interactions }.map { RowSource(table: $0, database: database) }
    }
    if query.kinds.isEmpty || query.kinds.contains(where: { $0 != .row }) { sources += peers }
    return sources
  }
}
