package import Messages
package import RPC

/// Which fields an update changes (AIP-134, AIP-161).
package struct FieldMask: Sendable, Hashable {
  private let paths: Set<String>?

  /// Reads the mask of a request.
  ///
  /// - Parameters:
  ///   - mask: as it was sent; without paths it stands for every field that is set, and `*` for every field.
  ///   - updatable: paths that an update may name: `display_name`; `fields.*` stands for any name below `fields`.
  ///   - field: the name of the mask's field in the request.
  /// - Throws: ``RPCError`` INVALID_ARGUMENT naming each path that is not updatable.
  package init(
    _ mask: GoogleProtobuf.FieldMask?, updatable: Set<String>, field: String = "update_mask"
  ) throws(RPCError) {
    let paths = mask?.paths ?? []
    if paths.isEmpty {
      self.paths = nil
      return
    }
    if paths.contains("*") {
      guard paths.count == 1 else {
        throw Self.error(["*"], "stands alone", field, updatable)
      }
      self.paths = updatable
      return
    }
    let unknown = paths.filter { !Self.isUpdatable($0, updatable) }
    guard unknown.isEmpty else {
      throw Self.error(unknown, "cannot be updated", field, updatable)
    }
    self.paths = Set(paths)
  }

  /// Whether the update changes a field.
  ///
  /// - Parameter isSet: whether the request sets the field; it decides when the mask names no path.
  package func includes(_ path: String, isSet: Bool) -> Bool {
    guard let paths else {
      return isSet
    }
    if paths.contains(path) {
      return true
    }
    // A mask that names a message names all that is in it.
    var parent = path[...]
    while let dot = parent.lastIndex(of: ".") {
      parent = parent[..<dot]
      if paths.contains(String(parent)) || paths.contains(parent + ".*") {
        return true
      }
    }
    return false
  }

  private static func isUpdatable(_ path: String, _ updatable: Set<String>) -> Bool {
    if updatable.contains(path) {
      return true
    }
    guard let dot = path.firstIndex(of: ".") else {
      return updatable.contains(path + ".*")
    }
    return updatable.contains(path[..<dot] + ".*")
  }

  private static func error(
    _ paths: [String], _ why: String, _ field: String, _ updatable: Set<String>
  ) -> RPCError {
    RPCError(
      .invalidArgument,
      "The mask \(field) names what \(why). Name some of \(updatable.sorted().joined(separator: ", ")).",
      reason: "INVALID_FIELD_MASK",
      fieldViolations: paths.map { FieldViolation(field: field, description: "\"\($0.prefix(100))\" \(why).") })
  }
}
