/// Writes HTML. Tags and names of attributes stand in the code; whatever else comes in is escaped.
struct HTML: Sendable {
  private(set) var text = ""

  /// An attribute: left out when its value is nil.
  typealias Attribute = (name: StaticString, value: String?)

  /// Opens an element, closes it behind its content.
  mutating func element(_ tag: StaticString, _ attributes: Attribute..., content: (inout HTML) -> Void) {
    open(tag, attributes)
    content(&self)
    text += "</\(tag)>"
  }

  /// An element that holds a text.
  mutating func element(_ tag: StaticString, _ attributes: Attribute..., text words: String) {
    open(tag, attributes)
    write(words)
    text += "</\(tag)>"
  }

  /// An element that has no content: `input`.
  mutating func void(_ tag: StaticString, _ attributes: Attribute...) {
    open(tag, attributes)
  }

  /// Text, escaped.
  mutating func write(_ words: String) {
    text += words.escapedForHTML
  }

  /// What is written in the code, as it is.
  mutating func raw(_ code: StaticString) {
    text += "\(code)"
  }

  private mutating func open(_ tag: StaticString, _ attributes: [Attribute]) {
    text += "<\(tag)"
    for (name, value) in attributes {
      guard let value else { continue }
      text += value.isEmpty ? " \(name)=\"\"" : " \(name)=\"\(value.escapedForHTML)\""
    }
    text += ">"
  }
}

extension String {
  /// With what means something in HTML escaped, in text and in quoted attributes alike.
  fileprivate var escapedForHTML: String {
    var escaped = ""
    escaped.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
