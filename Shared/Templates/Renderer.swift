package import Values

/// How a template is rendered.
package struct RenderOptions: Sendable {
  /// The zone that moments are shown in. Default UTC.
  package var zone: Zone
  /// The most steps: pieces of text, values, comparisons, loops and their turns. Default 100,000.
  package var mostSteps: Int
  /// The most bytes of values that filters and comparisons read through. Default 16 MiB.
  package var mostBytesRead: Int
  /// The most bytes of what is rendered. Default 1 MiB.
  package var mostBytes: Int

  /// Options; the defaults are safe for a template that anybody wrote.
  package init(
    zone: Zone = .utc, mostSteps: Int = 100_000, mostBytesRead: Int = 16 << 20, mostBytes: Int = 1 << 20
  ) {
    self.zone = zone
    self.mostSteps = mostSteps
    self.mostBytesRead = mostBytesRead
    self.mostBytes = mostBytes
  }
}

/// Writes a template with values.
struct Renderer {
  /// The most bytes of a value that was computed, and the most variables.
  private static let longestValue = 65_536
  private static let mostVariables = 100

  private let template: Template
  private let options: RenderOptions
  private let values: [String: TemplateValue]
  private var variables: [String: TemplateValue] = [:]
  private var turns: [Turn] = []
  private var steps = 0
  private var bytesRead = 0
  private(set) var output: [UInt8] = []

  /// A turn of a loop.
  private struct Turn {
    let variable: String
    let item: TemplateValue
    let index: Int
    let count: Int

    /// What it names.
    subscript(name: String) -> TemplateValue? {
      name == variable ? item : name == "forloop" ? .object(state) : nil
    }

    private var state: [String: TemplateValue] {
      [
        "index": .integer(Int64(index + 1)), "index0": .integer(Int64(index)), "first": .bool(index == 0),
        "last": .bool(index == count - 1), "length": .integer(Int64(count)),
      ]
    }
  }

  init(template: Template, values: [String: TemplateValue], options: RenderOptions) {
    self.template = template
    self.values = values
    self.options = options
  }

  mutating func render(_ nodes: [Node]) throws(TemplateError) {
    for node in nodes {
      switch node {
      case .text(let bytes):
        try count(at: 0)
        try write(bytes.count, at: 0) { $0 += bytes }
      case .output(let expression): try writeValue(of: expression)
      case .choice(let branches, let otherwise): try choose(branches, otherwise)
      case .loop(let loop): try run(loop)
      case .assign(let name, let expression):
        guard variables[name] != nil || variables.count < Self.mostVariables else {
          throw error(at: expression.offset, "There are more than \(Self.mostVariables) variables. Use fewer.")
        }
        variables[name] = try value(of: expression)
      }
    }
  }

  private mutating func writeValue(of expression: Expression) throws(TemplateError) {
    let value = try value(of: expression)
    try read(value.weight, at: expression.offset)
    let text = value.text(in: options.zone)
    let isEscaped = template.context == .html
    try write(text.utf8.count, at: expression.offset) { bytes in
      if isEscaped { Markup.append(text, to: &bytes) } else { bytes += text.utf8 }
    }
  }

  private mutating func choose(_ branches: [Node.Branch], _ otherwise: [Node]) throws(TemplateError) {
    for branch in branches {
      if try holds(branch.condition) { return try render(branch.nodes) }
    }
    try render(otherwise)
  }

  private mutating func run(_ loop: Node.Loop) throws(TemplateError) {
    try count(at: loop.offset)
    guard case .list(var items) = try value(of: loop.list, at: loop.offset) else { return try render(loop.otherwise) }
    if let limit = loop.limit {
      let most = try value(of: limit, at: loop.offset)
      try read(most.weight, at: loop.offset)
      if let most = most.number { items = Array(items.prefix(max(0, Int(clamping: most.unscaled)))) }
    }
    if items.isEmpty { return try render(loop.otherwise) }
    for (index, item) in items.enumerated() {
      try count(at: loop.offset)
      turns.append(Turn(variable: loop.variable, item: item, index: index, count: items.count))
      defer { turns.removeLast() }
      try render(loop.body)
    }
  }

  // MARK: - Values

  private mutating func value(of expression: Expression) throws(TemplateError) -> TemplateValue {
    try count(at: expression.offset)
    var result = try value(of: expression.operand, at: expression.offset)
    for call in expression.filters {
      try count(at: expression.offset)
      var arguments: [TemplateValue] = []
      for argument in call.arguments { arguments.append(try value(of: argument, at: expression.offset)) }
      try read(call.filter.weight(of: result, arguments), at: expression.offset)
      result = call.filter.apply(to: result, arguments, context: template.context, zone: options.zone)
      if case .text(let text) = result, text.utf8.count > Self.longestValue {
        throw error(at: expression.offset, "A value has more than \(Self.longestValue) bytes. Shorten it.")
      }
    }
    return result
  }

  private mutating func value(of operand: Operand, at offset: Int) throws(TemplateError) -> TemplateValue {
    switch operand {
    case .literal(let value): return value
    case .path(let steps):
      guard case .name(let first) = steps.first else { return .missing }
      var value = named(first)
      for step in steps.dropFirst() {
        switch step {
        case .name(let name):
          // The size of a text is counted each time.
          if case .text(let text) = value { try read(text.utf8.count, at: offset) }
          value = value.member(name)
        case .index(let index): value = value.item(index)
        }
      }
      return value
    }
  }

  private func named(_ name: String) -> TemplateValue {
    for turn in turns.reversed() {
      if let value = turn[name] { return value }
    }
    return variables[name] ?? values[name] ?? .missing
  }

  // MARK: - Conditions

  private mutating func holds(_ condition: Condition) throws(TemplateError) -> Bool {
    switch condition {
    case .isTrue(let operand):
      try count(at: 0)
      return try value(of: operand, at: 0).isTrue
    case .not(let inner): return try !holds(inner)
    case .and(let left, let right): return try holds(left) ? holds(right) : false
    case .or(let left, let right): return try holds(left) ? true : holds(right)
    case .compare(let left, let comparison, let right):
      try count(at: 0)
      let (left, right) = (try value(of: left, at: 0), try value(of: right, at: 0))
      try read(comparison.weight(of: left, right), at: 0)
      return compare(left, comparison, right)
    }
  }

  private func compare(
    _ left: TemplateValue, _ comparison: Condition.Comparison, _ right: TemplateValue
  ) -> Bool {
    let zone = options.zone
    func ordered(_ holds: (Int) -> Bool) -> Bool { left.order(relativeTo: right, in: zone).map(holds) ?? false }
    switch comparison {
    case .equal: return left.equals(right, in: zone)
    case .unequal: return !left.equals(right, in: zone)
    case .less: return ordered { $0 < 0 }
    case .greater: return ordered { $0 > 0 }
    case .atMost: return ordered { $0 <= 0 }
    case .atLeast: return ordered { $0 >= 0 }
    case .contains:
      if case .list(let items) = left { return items.contains { $0.equals(right, in: zone) } }
      if case .text(let text) = left { return text.contains(right.text(in: zone)) }
      return false
    }
  }

  // MARK: - Limits

  private mutating func count(at offset: Int) throws(TemplateError) {
    steps += 1
    guard steps <= options.mostSteps else {
      throw error(at: offset, "It takes more than \(options.mostSteps) steps. Limit its loops.")
    }
  }

  /// Counts bytes that are about to be read through.
  private mutating func read(_ count: Int, at offset: Int) throws(TemplateError) {
    bytesRead += count
    guard bytesRead <= options.mostBytesRead else {
      throw error(
        at: offset,
        "It reads through more than \(options.mostBytesRead) bytes of values. Shorten them, or compare fewer.")
    }
  }

  private mutating func write(
    _ count: Int, at offset: Int, _ body: (inout [UInt8]) -> Void
  ) throws(TemplateError) {
    try checkOutput(plus: count, at: offset)
    body(&output)
    // What is escaped has grown.
    try checkOutput(plus: 0, at: offset)
  }

  private func checkOutput(plus count: Int, at offset: Int) throws(TemplateError) {
    guard output.count + count <= options.mostBytes else {
      throw error(at: offset, "It renders more than \(options.mostBytes) bytes. Shorten it.")
    }
  }

  private func error(at offset: Int, _ explanation: String) -> TemplateError {
    template.source.error(at: offset, explanation)
  }
}
