package import Messages
package import RPC

// The sentences of refused access, in one place. A reason never changes.
extension RPCError {
  /// The call has no principal, or one that is not believed. Why is logged and not told.
  package static let unauthenticated = RPCError(
    .unauthenticated,
    "The call carries no valid credentials. Exchange a key for a token, and send it as \"authorization: Bearer …\".",
    reason: "UNAUTHENTICATED")

  /// What is not there, or is in an entity that the caller does not see: both take this path, so that nothing leaks.
  ///
  /// - Parameter field: where the request names it. A service's ``Authentication`` adds it where it is left out.
  package static func notFound(_ name: ResourceName, field: String? = nil) -> RPCError {
    let missing = "There is no \(name.withoutKeys), or you may not see it."
    guard let field else {
      return RPCError(
        .notFound, "\(missing) Check the name, or list its collection.", reason: "RESOURCE_NOT_FOUND",
        resource: name.description)
    }
    return RPCError(
      .notFound, "\(missing) Check the field \(field), or list the collection.", reason: "RESOURCE_NOT_FOUND",
      fieldViolations: [FieldViolation(field: field, description: missing)], resource: name.description)
  }

  /// The caller sees the entity, and lacks a right there.
  package static func permissionDenied(
    _ right: OptionsV1.Right, of module: OptionsV1.Module, in entity: String
  ) -> RPCError {
    RPCError(
      .permissionDenied,
      "You lack the right \(right.word) for \(module.word) in entities/\(entity). "
        + "Ask someone who administers the licence for it.",
      reason: "RIGHT_MISSING", resource: "entities/\(entity)")
  }

  /// The caller has the right in no entity.
  package static func permissionDenied(_ right: OptionsV1.Right, of module: OptionsV1.Module) -> RPCError {
    RPCError(
      .permissionDenied,
      "You lack the right \(right.word) for \(module.word) in every entity. "
        + "Ask someone who administers the licence for it.",
      reason: "RIGHT_MISSING")
  }

  /// A method between services, called by one that its contract does not name.
  package static let callerNotNamed = RPCError(
    .permissionDenied, "This method is for the services of the suite that its contract names, and for no other caller.",
    reason: "CALLER_NOT_NAMED")

  /// A field that should hold a resource's name does not.
  package static func invalidName(_ error: ResourceNameError, field: String) -> RPCError {
    RPCError(
      .invalidArgument, "The field \(field) does not name such a resource. \(error.description)",
      reason: "INVALID_RESOURCE_NAME", fieldViolations: [FieldViolation(field: field, description: error.description)])
  }
}

extension ResourceName {
  /// The name with the values of unique keys, which are personal, left out.
  package var withoutKeys: String {
    parts.map { part in
      if case .key(let field, _) = part.id {
        return "\(part.collection)/\(field)=…"
      }
      return "\(part.collection)/\(part.id)"
    }.joined(separator: "/")
  }
}

extension OptionsV1.Right {
  fileprivate var word: String { "\(self)".replacingPrefix("RIGHT_") }
}

extension OptionsV1.Module {
  fileprivate var word: String { "\(self)".replacingPrefix("MODULE_") }
}

extension String {
  /// The text after a prefix, in small letters.
  fileprivate func replacingPrefix(_ prefix: String) -> String {
    (hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self).lowercased()
  }
}
