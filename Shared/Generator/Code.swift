/// Swift text that is written line by line, indented by its blocks.
struct Code {
  private(set) var text = ""
  private var depth = 0

  /// Adds a line; an empty one stays without spaces.
  mutating func line(_ line: String = "") {
    if !line.isEmpty { text += String(repeating: "  ", count: depth) + line }
    text += "\n"
  }

  /// Adds several lines, each indented.
  mutating func lines(_ lines: some Sequence<String>) {
    for line in lines { self.line(line) }
  }

  /// `head {`, the body one level deeper, `}`.
  mutating func block(_ head: String, _ body: (inout Code) throws -> Void) rethrows {
    line("\(head) {")
    depth += 1
    try body(&self)
    depth -= 1
    line("}")
  }
}
