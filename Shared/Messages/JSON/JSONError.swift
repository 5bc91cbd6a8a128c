/// Why JSON is not a message, or a message has no JSON.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Where: `profiles[2].createTime`; empty for the whole.
  public let path: String

  /// A sentence that says what is wrong, without any value.
  public let message: String

  init(_ path: JSONPath, _ message: String) {
    self.path = path.description
    self.message = message
  }

  /// Path and sentence.
  public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// A place within JSON, written as a reader would: `profiles[2].values["name"]`.
struct JSONPath: CustomStringConvertible {
  private(set) var description = ""

  func field(_ name: String) -> JSONPath {
    JSONPath(description: description.isEmpty ? name : "\(description).\(name)")
  }

  func element(_ index: Int) -> JSONPath { JSONPath(description: "\(description)[\(index)]") }
  func key(_ key: String) -> JSONPath { JSONPath(description: "\(description)[\"\(key)\"]") }

  init() {}
  private init(description: String) { self.description = description }
}
