import Messages
import RPC
import ServiceKit

extension AccessView {
  /// The id of an entity's number.
  func id(_ number: Int64) -> String? { entity(number: number)?.id }
}

extension Caller {
  /// Whether the caller may administer access where a grant holds.
  func administers(_ scope: AccessGrant.Scope) -> Bool {
    switch scope {
    case .everywhere: rights.everywhere.allows(.administer, of: .access)
    case .entity(let number): rights[entity: number].allows(.administer, of: .access)
    }
  }

  /// Whether the caller may administer a key: wherever it reaches. One that reaches nothing belongs to who administers all.
  func administers(_ key: KeyRecord) -> Bool {
    key.grants.isEmpty ? administers(.everywhere) : key.grants.allSatisfy { administers($0.scope) }
  }

  /// - Throws: ``RPCError`` PERMISSION_DENIED.
  func requireAdministration(of scope: AccessGrant.Scope, path: String, name: String) throws(RPCError) {
    guard !administers(scope) else { return }
    switch scope {
    case .everywhere: throw .permissionDenied(.administer, of: .access, in: "-")
    case .entity(let number): throw .permissionDenied(.administer, of: .access, in: view.id(number) ?? name)
    }
  }

  /// Grants as they are kept, when the caller may give each of them.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND for an entity that the caller does not see, PERMISSION_DENIED for one whose access it
  ///   does not administer.
  func administrable(_ grants: [AccessV1.Grant], at path: String) throws(RPCError) -> [AccessGrant] {
    var kept: [AccessGrant] = []
    for (index, grant) in grants.enumerated() {
      let scope = try scope(of: grant.entity)
      try requireAdministration(of: scope, path: "\(path)[\(index)].entity", name: grant.entity)
      kept.append(AccessGrant(scope, grant.module, grant.right))
    }
    return kept
  }

  private func scope(of name: String) throws(RPCError) -> AccessGrant.Scope {
    guard case .one(let id) = EntityPrefix(of: name) else { return .everywhere }
    guard let entity = visibleEntity(id: id) else { throw .notFound(entity: id) }
    return .entity(entity.number)
  }
}

extension FieldChecks {
  /// What can be told of grants without knowing who gives them.
  mutating func grants(_ grants: [AccessV1.Grant], at path: String) {
    if grants.count > AccessService.maximumGrants {
      refuse(path, "Write at most \(AccessService.maximumGrants) grants; \"entities/-\" and MODULE_ALL stand for many.")
    }
    for (index, grant) in grants.prefix(AccessService.maximumGrants).enumerated() {
      let field = "\(path)[\(index)]"
      if grant.entity != "entities/-", EntityPrefix(of: grant.entity).map({ $0.name != grant.entity }) ?? true {
        refuse("\(field).entity", "Write \"entities/\" and the id of an entity, or \"entities/-\" for every entity.")
      }
      if grant.module != .all && !RightSet.modules.contains(grant.module) {
        refuse("\(field).module", "Write one of the modules, or MODULE_ALL for every module but access.")
      }
      if !RightSet.rights.contains(grant.right) {
        refuse(
          "\(field).right",
          "Write RIGHT_READ, RIGHT_WRITE, RIGHT_LAUNCH, RIGHT_EXPORT, RIGHT_ERASE or RIGHT_ADMINISTER.")
      }
    }
  }
}

extension EntityPrefix {
  /// The whole name of what the prefix means.
  var name: String {
    switch self {
    case .one(let id): "entities/\(id)"
    case .every: "entities/-"
    }
  }
}
