import SwiftProtobufPluginLibrary

extension Code {
  /// The .proto's comment on an element as its doc comment; every public declaration gets one.
  mutating func comment(_ element: some ProvidesSourceCodeLocation, otherwise text: String) {
    let comment = element.protoSourceComments(commentPrefix: "///", leadingDetachedPrefix: nil)
    let lines = comment.split(separator: "\n", omittingEmptySubsequences: false).map { $0.trimmedEnd() }
    let trimmed = lines.reversed().drop { $0.isEmpty }.reversed()
    self.lines(trimmed.isEmpty ? ["/// \(text)"] : Array(trimmed))
  }
}

extension Substring {
  fileprivate func trimmedEnd() -> String {
    var rest = self
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
