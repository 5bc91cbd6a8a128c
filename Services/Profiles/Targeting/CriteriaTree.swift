internal import Messages
internal import UserTables

/// A criterion and all that it is made of, side by side: the root first, each before its parts.
///
/// Flat, so that whoever combines populations goes through it backwards instead of down.
struct CriteriaTree: Sendable {
  /// What a criterion asks.
  enum Kind: Sendable {
    case all([Int])
    case any([Int])
    case not(Int)
    case field(TargetingV1.FieldCriterion)
    case reference(TargetingV1.ReferenceCriterion)
    case rows(TargetingV1.RowsCriterion)
    /// By name.
    case targeting(String)
  }

  /// One criterion.
  struct Node: Sendable {
    /// The parts are given by their places in the tree, which are higher than its own.
    fileprivate(set) var kind: Kind
    /// Where it stands for readers of counts: `all[0].not`; empty for the root.
    let place: String
    /// Where it stands in the targeting's message: `criterion.all.criteria[0].not`.
    let path: String
  }

  /// The most criteria that stand in each other.
  private static let deepest = 30
  /// The most criteria of one targeting.
  static let mostNodes = 500

  /// Without any, every profile is meant.
  private(set) var nodes: [Node] = []

  /// - Throws: ``FieldFault`` for a tree that is too deep or too large, a list of none, a criterion without a kind.
  init(_ root: TargetingV1.Criterion?) throws(FieldFault) {
    if let root { _ = try add(root, place: "", path: "criterion", depth: 1) }
  }

  /// The targetings that it is built on, by name, and where each is named.
  var targetings: [(name: String, path: String)] {
    nodes.compactMap { node in
      if case .targeting(let name) = node.kind { (name, "\(node.path).targeting") } else { nil }
    }
  }

  /// Whether it asks about rows of custom tables, be they of profiles or of repositories.
  var asksForRows: Bool {
    nodes.contains { node in
      switch node.kind {
      case .rows, .reference: true
      default: false
      }
    }
  }

  private mutating func add(
    _ criterion: TargetingV1.Criterion, place: String, path: String, depth: Int
  ) throws(FieldFault) -> Int {
    guard depth <= Self.deepest else {
      throw FieldFault([.init(path, "It stands in more than \(Self.deepest - 1) others. Nest the criteria less.")])
    }
    guard nodes.count < Self.mostNodes else {
      throw FieldFault([
        .init(path, "There are more than \(Self.mostNodes) criteria. Save some of them as a targeting of their own.")
      ])
    }
    let index = nodes.count
    // What the parts are is known when they stand behind it.
    nodes.append(Node(kind: .all([]), place: place, path: path))
    nodes[index].kind = try kind(of: criterion, place: place, path: path, depth: depth)
    return index
  }

  private mutating func kind(
    of criterion: TargetingV1.Criterion, place: String, path: String, depth: Int
  ) throws(FieldFault) -> Kind {
    let stem = place.isEmpty ? "" : "\(place)."
    switch criterion.kind {
    case .all(let list): return .all(try add(list, place: "\(stem)all", path: "\(path).all", depth: depth))
    case .any(let list): return .any(try add(list, place: "\(stem)any", path: "\(path).any", depth: depth))
    case .not(let part): return .not(try add(part, place: "\(stem)not", path: "\(path).not", depth: depth + 1))
    case .field(let field): return .field(field)
    case .reference(let reference): return .reference(reference)
    case .rows(let rows): return .rows(rows)
    case .targeting(let name): return .targeting(name)
    case nil: throw FieldFault([.init(path, "It has no kind set, or one that this version does not know. Set one.")])
    }
  }

  private mutating func add(
    _ list: TargetingV1.Criteria, place: String, path: String, depth: Int
  ) throws(FieldFault) -> [Int] {
    if list.criteria.isEmpty {
      throw FieldFault([.init("\(path).criteria", "It has no criteria. Add one at least, or leave it out.")])
    }
    var parts: [Int] = []
    for (index, part) in list.criteria.enumerated() {
      parts.append(
        try add(part, place: "\(place)[\(index)]", path: "\(path).criteria[\(index)]", depth: depth + 1))
    }
    return parts
  }
}
