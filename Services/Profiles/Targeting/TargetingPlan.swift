internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// A targeting that is to be evaluated, behind all those that it is built on.
struct TargetingPlan: Sendable {
  /// Where a definition comes from, which decides how its faults are told.
  enum Origin: Sendable, Hashable {
    /// The request's field `targeting`.
    case draft
    /// The targeting of this name.
    case saved(String)
  }

  /// One targeting.
  struct Part: Sendable {
    let tree: CriteriaTree
    let limit: TargetingV1.Limit?
    let origin: Origin
  }

  /// The most criteria of a targeting and all that it is built on.
  private static let mostNodes = 5_000
  /// The most targetings that stand in each other.
  private static let deepest = 30

  /// What is asked for comes last, each behind those that it is built on.
  private(set) var parts: [Part] = []
  /// The saved ones' places among the parts, by name.
  private(set) var places: [String: Int] = [:]
  private var nodeCount = 0

  /// - Parameters:
  ///   - find: gives a saved targeting by name; nil where there is none.
  /// - Throws: ``RPCError`` for a tree that is at fault, a base that does not exist or is of another profile table, and
  ///   for more than can be evaluated.
  init(
    _ targeting: TargetingV1.Targeting, origin: Origin,
    find: (_ name: String) async throws -> TargetingV1.Targeting?
  ) async throws {
    try await add(targeting, origin: origin, depth: 1, find)
  }

  private mutating func add(
    _ targeting: TargetingV1.Targeting, origin: Origin, depth: Int,
    _ find: (_ name: String) async throws -> TargetingV1.Targeting?
  ) async throws {
    let tree: CriteriaTree
    do throws(FieldFault) { tree = try CriteriaTree(targeting.criterion) } catch { throw origin.refusal(error) }
    nodeCount += tree.nodes.count
    for (name, path) in tree.targetings where places[name] == nil {
      guard depth < Self.deepest, nodeCount <= Self.mostNodes else {
        throw origin.refusal(path, "Too many targetings are built on each other. Build it on fewer.")
      }
      guard let base = try await find(name) else { throw origin.missing(name, path) }
      guard base.profileTable == targeting.profileTable else {
        throw origin.refusal(path, "The targeting is of another profile table. Name one of the same table.")
      }
      try await add(base, origin: .saved(name), depth: depth + 1, find)
    }
    if case .saved(let name) = origin { places[name] = parts.count }
    parts.append(Part(tree: tree, limit: targeting.limit, origin: origin))
  }
}

extension TargetingPlan.Origin {
  /// Why a definition is refused.
  func refusal(_ fault: FieldFault) -> RPCError {
    switch self {
    case .draft:
      return .invalid(FieldFault(fault.problems.map { .init("targeting.\($0.field)", $0.explanation) }))
    case .saved(let name):
      return .targetingAtFault(name, fault.problems.first)
    }
  }

  /// Why a definition is refused.
  ///
  /// - Parameter path: of the field at fault in the targeting.
  func refusal(_ path: String, _ explanation: String) -> RPCError {
    refusal(FieldFault([.init(path, explanation)]))
  }

  /// A definition names what is not there.
  func missing(_ name: String, _ path: String) -> RPCError {
    switch self {
    case .draft:
      let field = "targeting.\(path)"
      guard let name = try? ResourceName(name) else { return .invalid(field, "It names nothing that can be there.") }
      return .notFound(name, field: field)
    case .saved(let targeting):
      return .targetingAtFault(
        targeting, .init(path, "There is no \(name), or it was deleted. Name one that is there."))
    }
  }
}
