import Messages
import RPC

/// Checks the resources that a request names against what the caller sees and may do.
struct RequestCheck {
  private let verified: VerifiedPrincipal
  private let rule: MethodRule
  private let targets: RequestTargets

  init(_ verified: VerifiedPrincipal, _ method: MethodInfo, _ rule: MethodRule) {
    self.verified = verified
    self.rule = rule
    let module = rule.module == .unspecified ? nil : rule.module
    targets = RequestTargets(kind: method.kind, module: module)
  }

  /// - Returns: the names that the request holds.
  func check<Request: Message>(_ request: Request) throws -> [FoundResourceName] {
    guard Request.descriptor.namesResources else {
      return []
    }
    let found = try ResourceNames.names(in: try request.encoded(), of: Request.descriptor)
    let references = found.filter { !$0.value.isEmpty }
    // A request whose target cannot be told from its references is judged by the rule in all that it names.
    let hasTarget = references.contains(where: isTarget)
    for reference in references {
      let name: ResourceName
      do {
        name = try ResourceName(reference.value)
      } catch {
        throw RPCError.invalidName(error, field: reference.path)
      }
      do {
        try check(name, need(of: reference, hasTarget: hasTarget))
      } catch {
        throw error.naming([reference], of: rule)
      }
    }
    return references
  }

  private func isTarget(_ reference: FoundResourceName) -> Bool {
    targets.contains(path: reference.path, type: reference.resource.namedType)
  }

  /// What a name asks for in its entity; nil: only that the entity is seen.
  private func need(
    of reference: FoundResourceName, hasTarget: Bool
  ) -> (right: OptionsV1.Right, module: OptionsV1.Module)? {
    switch rule.right {
    case .public, .internal, .authenticated: return nil
    default: break
    }
    guard hasTarget, !isTarget(reference) else { return (rule.right, rule.module) }
    guard let module = OptionsV1.Module(ofResource: reference.resource.namedType), module != .access else { return nil }
    return (.read, module)
  }

  private func check(
    _ name: ResourceName, _ need: (right: OptionsV1.Right, module: OptionsV1.Module)?
  ) throws(RPCError) {
    try checkLink(name)
    guard let entity = name.parts.first, entity.collection == "entities" else {
      return
    }
    switch entity.id {
    case .any:
      break  // the list reads what the caller sees
    case .key:
      throw .notFound(name)
    case .id(let key):
      try check(entity: key, of: name, need)
    }
  }

  private func check(
    entity key: String, of name: ResourceName, _ need: (right: OptionsV1.Right, module: OptionsV1.Module)?
  ) throws(RPCError) {
    let access = verified.access
    guard let entity = access.entity(named: key) else {
      if access.entities == .all {
        return  // a service that acts for every entity
      }
      throw .notFound(name)
    }
    guard let need else {
      return
    }
    guard access.allows(need.right, of: need.module, in: entity) else {
      throw .permissionDenied(need.right, of: need.module, in: key)
    }
  }

  /// A link opens the resources that it names and what is within them.
  private func checkLink(_ name: ResourceName) throws(RPCError) {
    let principal = verified.principal
    guard principal.kind == .link || !principal.resources.isEmpty else {
      return
    }
    let isOpened = principal.resources.contains { text in
      guard let opened = try? ResourceName(text) else {
        return false
      }
      return name.parts.starts(with: opened.parts)
    }
    if !isOpened {
      throw .notFound(name)
    }
  }
}
