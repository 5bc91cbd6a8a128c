/// A text with places for values: a small, safe subset of Liquid, compiled once and rendered many times.
///
/// ```
/// Hello {{ profile.firstName | default: "reader" }}!
/// {% for order in rows.orders limit: 3 %}{{ order.time | date: "%d/%m/%Y" }}: {{ order.amount | money: "€" }}
/// {% else %}Nothing yet.{% endfor %}
/// ```
///
/// It has `{{ value | filter: argument }}`, `{% if %}` with `elsif` and `else`, `{% unless %}`, `{% for … in … limit: %}`
/// with `else` and `forloop`, `{% assign %}`, `{% comment %}`, and `-` inside a tag's ends, which cuts the white space
/// beside it. `and` binds before `or`. A template reaches what it is given and nothing else; what is missing renders as
/// nothing. Work, depth and output are limited, whoever wrote the template.
package struct Template: Sendable {
  /// What the text is, which decides how values are written into it.
  package enum Context: Sendable, Hashable {
    /// Every value is escaped; only the template's own text is markup.
    case html
    /// Values stand as they are.
    case text
  }

  /// The most bytes of a template.
  package static let mostBytes = 262_144

  let nodes: [Node]
  let context: Context
  let source: TemplateSource

  /// The values that it names, each as often as it does.
  package let mentions: [Mention]

  /// Compiles a template.
  ///
  /// - Throws: ``TemplateError`` with line and column of what is wrong.
  package init(_ text: String, context: Context) throws(TemplateError) {
    let source = TemplateSource(text)
    guard source.bytes.count <= Self.mostBytes else {
      throw source.error(at: 0, "The template has more than \(Self.mostBytes) bytes. Shorten it.")
    }
    var parser = TemplateParser(source: source)
    self.nodes = try parser.parse()
    self.mentions = parser.names.mentions
    self.context = context
    self.source = source
  }

  /// Renders it.
  ///
  /// - Parameter values: what it reaches, by name.
  /// - Throws: ``TemplateError`` when a limit is passed.
  package func render(
    _ values: [String: TemplateValue], options: RenderOptions = RenderOptions()
  ) throws(TemplateError) -> String {
    var renderer = Renderer(template: self, values: values, options: options)
    try renderer.render(nodes)
    return String(decoding: renderer.output, as: UTF8.self)
  }
}

/// A value that a template names.
package struct Mention: Sendable, Hashable {
  /// The names from the outermost on. An item of a list that a loop goes through is `[]`.
  package var path: [String]
  /// Where it stands, from 1.
  package var line: Int
  package var column: Int
  /// For a list that a loop goes through: at most so many of its items; nil: a limit that is a value itself, or none.
  package var limit: Int?
}

/// Why a template cannot be used, and where.
package struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
  /// From 1.
  package var line: Int
  /// From 1, in characters.
  package var column: Int
  /// What is wrong and what to do.
  package var explanation: String

  /// An error at a place.
  package init(line: Int, column: Int, explanation: String) {
    self.line = line
    self.column = column
    self.explanation = explanation
  }

  /// The whole sentence.
  package var description: String { "Line \(line), column \(column): \(explanation)" }
}

/// A template's text with its places.
struct TemplateSource: Sendable {
  let bytes: [UInt8]

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  /// Line and column of a place, from 1.
  func place(of offset: Int) -> (line: Int, column: Int) {
    let before = bytes[..<min(offset, bytes.count)]
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let start = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    return (line, String(decoding: before[start...], as: UTF8.self).count + 1)
  }

  func error(at offset: Int, _ explanation: String) -> TemplateError {
    let (line, column) = place(of: offset)
    return TemplateError(line: line, column: column, explanation: explanation)
  }
}
