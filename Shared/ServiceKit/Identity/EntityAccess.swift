package import Messages
package import RPC
package import Values

/// What a principal sees and may do, entity by entity.
///
/// The rule of the suite: what is in an entity that the caller does not see answers NOT_FOUND, in one that it sees
/// without the right PERMISSION_DENIED.
package struct EntityAccess: Sendable {
  private let principal: Principal
  private let ids: [String: Int64]
  private let visible: Set<Int64>
  private let seesAll: Bool

  /// The access of a principal that was verified.
  package init(_ principal: Principal) {
    self.principal = principal
    ids = Dictionary(principal.entities.map { ($0.key, $0.id) }, uniquingKeysWith: { first, _ in first })
    visible = Set(principal.entities.map(\.id))
    // The gateway lists the entities of a caller whose grant is for all; a service that acts for all need not know them.
    seesAll = principal.kind == .service && principal.grants.contains { $0.entity == nil }
  }

  /// Entities: all there are, or some.
  package enum Entities: Sendable, Hashable {
    /// Every entity of the licence.
    case all
    /// These.
    case only(Set<Int64>)
  }

  /// The entities that the principal sees.
  package var entities: Entities {
    seesAll ? .all : .only(visible)
  }

  /// Whether the principal sees an entity.
  package func sees(_ entity: Int64) -> Bool {
    seesAll || visible.contains(entity)
  }

  /// Whether the principal has a right in a module of an entity that it sees.
  package func allows(_ right: OptionsV1.Right, of module: OptionsV1.Module, in entity: Int64) -> Bool {
    sees(entity) && principal.grants.contains { $0.covers(entity) && $0.gives(right, of: module) }
  }

  /// Whether the principal has a right in a module of at least one entity.
  package func allowsSomewhere(_ right: OptionsV1.Right, of module: OptionsV1.Module) -> Bool {
    principal.grants.contains { $0.gives(right, of: module) && (seesAll || visible.contains(where: $0.covers)) }
  }

  /// The entities in which the principal has a right: those that a list over `entities/-` reads.
  package func entities(with right: OptionsV1.Right, of module: OptionsV1.Module) -> Entities {
    let grants = principal.grants.filter { $0.gives(right, of: module) }
    if seesAll && grants.contains(where: { $0.entity == nil }) {
      return .all
    }
    return .only(visible.filter { entity in grants.contains { $0.covers(entity) } })
  }

  /// The number of an entity that the principal sees, by its name; nil when it sees none of that name.
  package func entity(named key: String) -> Int64? {
    ids[key]
  }

  /// The name of an entity that the principal sees and whose name it knows.
  package func key(of entity: Int64) -> String? {
    principal.entities.first { $0.id == entity && !$0.key.isEmpty }?.key
  }

  /// All that is known of an entity that the principal sees: what a service passes on when it works for the caller.
  ///
  /// - Throws: ``RPCError`` UNAUTHENTICATED when the principal does not see it.
  package func scope(of entity: Int64) throws(RPCError) -> Principal.Entity {
    guard let scope = principal.entities.first(where: { $0.id == entity }) else {
      throw .unauthenticated
    }
    return scope
  }

  /// The zone that an entity's days follow.
  package func zone(of entity: Int64) throws(RPCError) -> Zone {
    Zone(try scope(of: entity).timeZone) ?? .utc
  }

  /// The entities that a list reads, by name: the one that its parent names, or all in which the principal has a right.
  ///
  /// - Parameter parent: `entities/b2c`, or `entities/-`.
  /// - Throws: ``RPCError`` as ``require(_:of:for:)``.
  package func readable(
    _ parent: ResourceName, of module: OptionsV1.Module
  ) throws(RPCError) -> [Principal.Entity] {
    guard parent["entities"] == .any else {
      return [try scope(of: require(.read, of: module, for: parent))]
    }
    return principal.entities.filter { allows(.read, of: module, in: $0.id) }.sorted { $0.key < $1.key }
  }

  /// The entity that a resource's name begins with, when the principal has a right in it.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND when the principal does not see the entity, PERMISSION_DENIED when it lacks the right.
  package func require(
    _ right: OptionsV1.Right, of module: OptionsV1.Module, for name: ResourceName
  ) throws(RPCError) -> Int64 {
    guard let key = name["entities"]?.text, let entity = entity(named: key) else {
      throw .notFound(name)
    }
    guard allows(right, of: module, in: entity) else {
      throw .permissionDenied(right, of: module, in: key)
    }
    return entity
  }
}

extension Principal.Grant {
  fileprivate func covers(_ entity: Int64) -> Bool {
    self.entity == nil || self.entity == entity
  }

  fileprivate func gives(_ right: OptionsV1.Right, of module: OptionsV1.Module) -> Bool {
    // Access decides over all else, so "every module" leaves it out.
    guard self.module == module || (self.module == .all && module != .access) else {
      return false
    }
    return rights.contains(right) || (right == .read && rights.contains(.write))
  }
}
