/// A text is not a resource name, or not of the kind asked for. The sentence names the part at fault, without the
/// values that callers put into ids.
package struct ResourceNameError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong and what is expected.
  package let description: String

  init(_ description: String) {
    self.description = description
  }

  static let empty = ResourceNameError("A resource name is missing.")
  static let tooLong = ResourceNameError("A resource name has at most \(ResourceName.maximumBytes) bytes.")

  static func missingID(after collection: String) -> ResourceNameError {
    ResourceNameError("The id after \"\(collection)/\" is missing.")
  }

  static func badCollection(position: Int) -> ResourceNameError {
    ResourceNameError("Part \(position) is not a collection: it has letters and digits, and begins with a small letter.")
  }

  static func badEncoding(collection: String) -> ResourceNameError {
    ResourceNameError(
      "The id after \"\(collection)/\" is not well encoded: \"%\" is followed by two hexadecimal digits, "
        + "and the whole is UTF-8 without control characters.")
  }

  static func notOfPattern(_ pattern: ResourcePattern, collection: String?) -> ResourceNameError {
    let part = collection.map { " The part \"\($0)\" does not belong there." } ?? " A part is missing."
    return ResourceNameError("The name must have the form \"\(pattern)\".\(part)")
  }

  static func keyNotAllowed(collection: String) -> ResourceNameError {
    ResourceNameError("After \"\(collection)/\" stands an id, not a unique key (\"field=value\").")
  }

  static func wildcardNotAllowed(collection: String) -> ResourceNameError {
    ResourceNameError("After \"\(collection)/\" stands an id; \"-\" is for lists only.")
  }
}
