import Messages

/// One line of a key's grants: a right on one module of one entity, or of all.
struct AccessGrant: Sendable, Hashable {
  /// Where a grant holds.
  enum Scope: Sendable, Hashable {
    /// Every entity, later ones included: `entities/-`.
    case everywhere
    /// One entity, by its number.
    case entity(Int64)
  }

  /// Where it holds.
  var scope: Scope
  /// What it is for.
  var module: OptionsV1.Module
  /// What it allows.
  var right: OptionsV1.Right

  /// A grant.
  init(_ scope: Scope, _ module: OptionsV1.Module, _ right: OptionsV1.Right) {
    self.scope = scope
    self.module = module
    self.right = right
  }

  /// Everything that can be granted, everywhere: what the first administrator's key holds.
  static let everything: [AccessGrant] =
    [
      AccessGrant(.everywhere, .access, .read), AccessGrant(.everywhere, .access, .write),
      AccessGrant(.everywhere, .access, .administer),
    ] + [.write, .launch, .export, .erase, .administer].map { AccessGrant(.everywhere, .all, $0) }
}

/// What grants add up to, by entity.
struct GrantedRights: Sendable, Hashable {
  /// What holds in every entity.
  private(set) var everywhere = RightSet()
  /// What holds in one entity beyond that, by its number.
  private(set) var byEntity: [Int64: RightSet] = [:]

  /// Adds grants up.
  init(_ grants: [AccessGrant]) {
    for grant in grants {
      switch grant.scope {
      case .everywhere: everywhere.insert(grant.right, of: grant.module)
      case .entity(let number): byEntity[number, default: RightSet()].insert(grant.right, of: grant.module)
      }
    }
  }

  /// The rights in one entity. Who has any there sees the entity.
  subscript(entity number: Int64) -> RightSet {
    byEntity[number].map { $0.union(everywhere) } ?? everywhere
  }
}
