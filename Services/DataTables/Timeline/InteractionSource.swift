internal import Messages
internal import RPC
internal import ServiceKit
internal import Values

/// What a listing asks each source for.
struct TimelineQuery: Sendable {
  /// `entities/{entity}/profileTables/{profile_table}`.
  let profileTable: String
  let profileTableNumber: Int64
  let profile: UInt32
  let entity: Principal.Entity
  /// Empty: all.
  let kinds: [InteractionsV1.InteractionKind]
  /// Nil: no bound.
  let start: Timestamp?
  /// Nil: no bound.
  let end: Timestamp?
  /// Only what comes behind this.
  let after: TimelinePlace?
  var limit: Int
  let deadline: Deadline?
}

/// A list of interactions, which the timeline is merged from: the rows of one table, or what another service recorded.
protocol InteractionSource: Sendable {
  /// Tells the source from the others of a listing.
  var name: String { get }

  /// Interactions of a profile in their order, at most as many as asked for.
  ///
  /// - Parameter bound: what the source held when the listing began; nil on its first page, which answers it.
  func list(_ query: TimelineQuery, bound: [UInt8]?) async throws -> (items: [TimelineItem], bound: [UInt8])
}
