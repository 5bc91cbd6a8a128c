package import Values

/// How a template is rendered.
package struct RenderOptions: Sendable {
  /// The zone that moments are shown in. Default UTC.
  package var zone: Zone
  /// The most steps: pieces of text, values, conditions, turns of loops. Default 100,000.
  package var mostSteps: Int
  /// The most bytes of what is rendered. Default 1 MiB.
  package var mostBytes: Int

  /// Options; the defaults are safe for a template that anybody wrote.
  package init(zone: Zone = .utc, mostSteps: Int = 100_000, mostBytes: Int = 1 << 20) {
    self.zone = zone
    self.mostSteps = mostSteps
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
  private var loops: [[String: TemplateValue]] = []
  private var steps = 0
  private(set) var output: [UInt8] = []

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
    let text = try value(of: expression).text(in: options.zone)
    let isEscaped = template.context == .html
    try write(text.utf8.count, at: expression.offset) { bytes in
      if isEscaped { Markup.append(text, to: &bytes) } else { bytes += text.utf8 }
    }
  }

  private mutating func choose(_ branches: [Node.Branch], _ otherwise: [Node]) throws(TemplateError) {
    for branch in branches {
      try count(at: 0)
      if holds(branch.condition) { return try render(branch.nodes) }
    }
    try render(otherwise)
  }

  private mutating func run(_ loop: Node.Loop) throws(TemplateError) {
    guard case .list(var items) = value(of: loop.list) else { return try render(loop.otherwise) }
    if let limit = loop.limit.flatMap({ value(of: $0).number }) {
      items = Array(items.prefix(max(0, Int(clamping: limit.unscaled))))
    }
    if items.isEmpty { return try render(loop.otherwise) }
    loops.append([:])
    defer { loops.removeLast() }
    for (index, item) in items.enumerated() {
      try count(at: loop.offset)
      let state: [String: TemplateValue] = [
        "index": .integer(Int64(index + 1)), "index0": .integer(Int64(index)), "first": .bool(index == 0),
        "last": .bool(index == items.count - 1), "length": .integer(Int64(items.count)),
      ]
      loops[loops.count - 1] = [loop.variable: item, "forloop": .object(state)]
      try render(loop.body)
    }
  }

  // MARK: - Values

  private mutating func value(of expression: Expression) throws(TemplateError) -> TemplateValue {
    try count(at: expression.offset)
    var result = value(of: expression.operand)
    for call in expression.filters {
      try count(at: expression.offset)
      let arguments = call.arguments.map { value(of: $0) }
      result = call.filter.apply(to: result, arguments, context: template.context, zone: options.zone)
      if case .text(let text) = result, text.utf8.count > Self.longestValue {
        throw error(at: expression.offset, "A value has more than \(Self.longestValue) bytes. Shorten it.")
      }
    }
    return result
  }

  private func value(of operand: Operand) -> TemplateValue {
    switch operand {
    case .literal(let value): return value
    case .path(let steps):
      guard case .name(let first) = steps.first else { return .missing }
      var value = named(first)
      for step in steps.dropFirst() {
        switch step {
        case .name(let name): value = value.member(name)
        case .index(let index): value = value.item(index)
        }
      }
      return value
    }
  }

  private func named(_ name: String) -> TemplateValue {
    for loop in loops.reversed() {
      if let value = loop[name] { return value }
    }
    return variables[name] ?? values[name] ?? .missing
  }

  // MARK: - Conditions

  private func holds(_ condition: Condition) -> Bool {
    switch condition {
    case .isTrue(let operand): value(of: operand).isTrue
    case .not(let inner): !holds(inner)
    case .and(let left, let right): holds(left) && holds(right)
    case .or(let left, let right): holds(left) || holds(right)
    case .compare(let left, let comparison, let right):
      compare(value(of: left), comparison, value(of: right))
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

  private mutating func write(
    _ count: Int, at offset: Int, _ body: (inout [UInt8]) -> Void
  ) throws(TemplateError) {
    guard output.count + count <= options.mostBytes else {
      throw error(at: offset, "It renders more than \(options.mostBytes) bytes. Shorten it.")
    }
    body(&output)
  }

  private func error(at offset: Int, _ explanation: String) -> TemplateError {
    template.source.error(at: offset, explanation)
  }
}
