package import Messages
package import RPC

/// The resources that a call's request names.
enum NamedResourcesKey: CallKey {
  /// In the order in which they stand in the request.
  typealias Value = [FoundResourceName]
}

extension RPCError {
  /// The error with the field of the request that names what was not found; otherwise as it is.
  ///
  /// Handlers know which resource is missing, and often from deep within a definition. Where the caller named it, the
  /// request itself tells. Between services nothing is added: their fields are not those of the caller.
  ///
  /// - Parameter names: those of the request.
  package func naming(_ names: [FoundResourceName], of rule: MethodRule) -> RPCError {
    guard code == .notFound, rule.right != .internal, fieldViolations.isEmpty, let resource,
      let place = names.first(where: { $0.value == resource })
        ?? names.first(where: { $0.value.hasPrefix(resource + "/") }),
      let name = try? ResourceName(resource)
    else { return self }
    return .notFound(name, field: place.path)
  }
}
