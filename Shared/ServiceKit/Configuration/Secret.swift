import Foundation

/// A configured secret, given itself or as a file that holds it. Its description does not show it.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  private enum Source: Sendable, Hashable {
    case given(String)
    case file(String)
  }

  private let source: Source

  /// The secret of a pair of keys; the file wins when both are given. Nil when neither is.
  package init?(value: String?, file: String?) {
    if let file {
      source = .file(file)
    } else if let value {
      source = .given(value)
    } else {
      return nil
    }
  }

  /// The secret itself: as given, or the file's first line.
  ///
  /// - Throws: ``ConfigurationError`` when the file cannot be read or its first line is empty.
  package func value() throws -> String {
    switch source {
    case .given(let value):
      return value
    case .file(let path):
      guard let data = FileManager.default.contents(atPath: path),
        let text = String(validating: data, as: UTF8.self),
        let line = text.split(whereSeparator: \.isNewline).first
      else {
        throw ConfigurationError.unreadable(file: path, why: "it must hold a secret on its first line")
      }
      return String(line)
    }
  }

  /// Says that there is a secret, not which.
  package var description: String { "(secret)" }

  /// Shows nothing.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
