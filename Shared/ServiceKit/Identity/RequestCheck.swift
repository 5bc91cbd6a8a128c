import Messages
import RPC

/// Checks the resources that a request names against what the caller sees and may do.
struct RequestCheck {
  private let verified: VerifiedPrincipal
  private let rule: MethodRule

  init(_ verified: VerifiedPrincipal, _ rule: MethodRule) {
    self.verified = verified
    self.rule = rule
  }

  func check<Request: Message>(_ request: Request) throws {
    guard Request.descriptor.namesResources else {
      return
    }
    let found = try ResourceNames.names(in: try request.encoded(), of: Request.descriptor)
    for reference in found where !reference.value.isEmpty {
      let name: ResourceName
      do {
        name = try ResourceName(reference.value)
      } catch {
        throw RPCError.invalidName(error, field: reference.path)
      }
      try check(name)
    }
  }

  private func check(_ name: ResourceName) throws(RPCError) {
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
      try check(entity: key, of: name)
    }
  }

  private func check(entity key: String, of name: ResourceName) throws(RPCError) {
    let access = verified.access
    guard let entity = access.entity(named: key) else {
      if access.entities == .all {
        return  // a service that acts for every entity
      }
      throw .notFound(name)
    }
    switch rule.right {
    case .public, .internal, .authenticated:
      break
    default:
      guard access.allows(rule.right, of: rule.module, in: entity) else {
        throw .permissionDenied(rule.right, of: rule.module, in: key)
      }
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
