internal import Values

/// Makes nodes of a template's segments.
struct TemplateParser {
  /// The most tags within each other.
  private static let deepest = 20

  private let source: TemplateSource
  private var segments: [Segment] = []
  private var next = 0
  private var depth = 0
  var names = Names()

  init(source: TemplateSource) {
    self.source = source
  }

  mutating func parse() throws(TemplateError) -> [Node] {
    var segmenter = Segmenter(source)
    segments = try segmenter.cut()
    let (nodes, end) = try nodes(until: [])
    if let end { throw source.error(at: end.offset, "`\(end.word)` closes nothing here. Remove it.") }
    return nodes
  }

  /// A tag that ends a run of nodes.
  private struct Ending {
    let word: String
    let offset: Int
    var tokens: TokenReader
  }

  /// Nodes up to one of the words; nil at the end of the template.
  private mutating func nodes(until words: Set<String>) throws(TemplateError) -> ([Node], Ending?) {
    var nodes: [Node] = []
    while next < segments.count {
      let segment = segments[next]
      next += 1
      switch segment {
      case .text(let bytes): nodes.append(.text(bytes))
      case .output(let range):
        var tokens = try TokenReader(source, range)
        nodes.append(.output(try expression(&tokens)))
        try tokens.expectEnd()
      case .tag(let range):
        var tokens = try TokenReader(source, range)
        let offset = tokens.current.offset
        let word = try tokens.name("the name of a tag")
        if words.contains(word) { return (nodes, Ending(word: word, offset: offset, tokens: tokens)) }
        if let node = try tag(word, at: offset, &tokens) { nodes.append(node) }
      }
    }
    return (nodes, nil)
  }

  private mutating func tag(
    _ word: String, at offset: Int, _ tokens: inout TokenReader
  ) throws(TemplateError) -> Node? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw source.error(at: offset, "Tags stand more than \(Self.deepest) deep within each other. Make it simpler.")
    }
    switch word {
    case "if", "unless": return try choice(word, at: offset, &tokens)
    case "for": return try loop(at: offset, &tokens)
    case "assign": return try assign(&tokens)
    case "comment":
      try skipComment(from: offset)
      return nil
    case "elsif", "else", "endif", "endunless", "endfor", "endcomment":
      throw source.error(at: offset, "`\(word)` closes nothing here. Remove it.")
    default:
      throw source.error(
        at: offset, "There is no tag `\(word.prefix(40))`. There are if, unless, for, assign and comment.")
    }
  }

  private mutating func choice(
    _ word: String, at offset: Int, _ tokens: inout TokenReader
  ) throws(TemplateError) -> Node {
    let closing = "end\(word)"
    var condition = try condition(&tokens)
    if word == "unless" { condition = .not(condition) }
    try tokens.expectEnd()
    var branches: [Node.Branch] = []
    while true {
      let (body, end) = try nodes(until: ["elsif", "else", closing])
      guard var end else { throw unclosed(word, at: offset) }
      branches.append(Node.Branch(condition: condition, nodes: body))
      switch end.word {
      case "elsif":
        condition = try self.condition(&end.tokens)
        try end.tokens.expectEnd()
      case "else":
        try end.tokens.expectEnd()
        return .choice(branches, otherwise: try rest(closing, of: word, at: offset))
      default:
        try end.tokens.expectEnd()
        return .choice(branches, otherwise: [])
      }
    }
  }

  /// What stands behind `else`.
  private mutating func rest(_ closing: String, of word: String, at offset: Int) throws(TemplateError) -> [Node] {
    let (body, end) = try nodes(until: [closing])
    guard let end else { throw unclosed(word, at: offset) }
    try end.tokens.expectEnd()
    return body
  }

  private mutating func loop(at offset: Int, _ tokens: inout TokenReader) throws(TemplateError) -> Node {
    let variable = try variable("the name of the loop's variable", &tokens)
    guard try tokens.takes(word: "in") else { throw tokens.error("There should be `in` here.") }
    guard case .name = tokens.current.kind else { throw tokens.error("There should be the name of a list here.") }
    let place = source.place(of: tokens.current.offset)
    let (list, steps) = try path(&tokens)
    let path = names.use(steps, line: place.line, column: place.column)
    var limit: Operand?
    if try tokens.takes(word: "limit") {
      try tokens.expect(":")
      limit = try operand(&tokens)
    }
    try tokens.expectEnd()
    if path != nil, case .literal(.integer(let most)) = limit,
      let place = names.mentions.lastIndex(where: {
        $0.path == path
      })
    {
      names.limit(place, to: Int(clamping: most))
    }
    names.enterLoop(variable, over: path)
    let (body, end) = try nodes(until: ["else", "endfor"])
    names.leaveLoop()
    guard let end else { throw unclosed("for", at: offset) }
    try end.tokens.expectEnd()
    let otherwise = end.word == "else" ? try rest("endfor", of: "for", at: offset) : []
    return .loop(
      Node.Loop(variable: variable, list: list, limit: limit, body: body, otherwise: otherwise, offset: offset))
  }

  private mutating func assign(_ tokens: inout TokenReader) throws(TemplateError) -> Node {
    let name = try variable("the name of a variable", &tokens)
    try tokens.expect("=")
    let known = names.mentions.count
    let expression = try expression(&tokens)
    try tokens.expectEnd()
    var path: [String]?
    if case .path = expression.operand, expression.filters.isEmpty, names.mentions.count == known + 1 {
      path = names.mentions[known].path
    }
    names.assign(name, path)
    return .assign(name, expression)
  }

  /// A name that the template may give a value.
  private func variable(_ wanted: String, _ tokens: inout TokenReader) throws(TemplateError) -> String {
    let offset = tokens.current.offset
    let name = try tokens.name(wanted)
    guard name != "forloop" else { throw source.error(at: offset, "`forloop` is set by loops. Choose another name.") }
    return name
  }

  private mutating func skipComment(from offset: Int) throws(TemplateError) {
    while next < segments.count {
      defer { next += 1 }
      guard case .tag(let range) = segments[next] else { continue }
      if source.text(range).trimmingPrefix(while: \.isWhitespace).hasPrefix("endcomment") { return }
    }
    throw unclosed("comment", at: offset)
  }

  private func unclosed(_ word: String, at offset: Int) -> TemplateError {
    source.error(at: offset, "`\(word)` is not closed. Close it with `{% end\(word) %}`.")
  }

  // MARK: - Expressions

  private mutating func expression(_ tokens: inout TokenReader) throws(TemplateError) -> Expression {
    let offset = tokens.current.offset
    let operand = try operand(&tokens)
    var filters: [FilterCall] = []
    while try tokens.takes("|") {
      guard filters.count < 20 else { throw tokens.error("A value has more than 20 filters. Use fewer.") }
      filters.append(try filter(&tokens))
    }
    return Expression(operand: operand, filters: filters, offset: offset)
  }

  private mutating func filter(_ tokens: inout TokenReader) throws(TemplateError) -> FilterCall {
    let offset = tokens.current.offset
    let name = try tokens.name("the name of a filter")
    guard let filter = Filter(rawValue: name) else {
      let all = Filter.allCases.map(\.rawValue).joined(separator: ", ")
      throw source.error(at: offset, "There is no filter `\(name.prefix(40))`. There are \(all).")
    }
    var arguments: [Operand] = []
    if try tokens.takes(":") {
      repeat { arguments.append(try operand(&tokens)) } while try tokens.takes(",") && arguments.count < 4
    }
    guard filter.arguments.contains(arguments.count) else {
      throw source.error(at: offset, "The filter `\(name)` takes \(filter.argumentsText). Correct it.")
    }
    return FilterCall(filter: filter, arguments: arguments)
  }

  private mutating func operand(_ tokens: inout TokenReader) throws(TemplateError) -> Operand {
    switch tokens.current.kind {
    case .text(let text):
      try tokens.take()
      return .literal(.text(text))
    case .number(let number):
      try tokens.take()
      return .literal(number.scale == 0 ? .integer(Int64(clamping: number.unscaled)) : .decimal(number))
    case .name("true"), .name("false"):
      return .literal(.bool(try tokens.take().kind == .name("true")))
    case .name("nil"), .name("null"):
      try tokens.take()
      return .literal(.missing)
    case .name:
      let place = source.place(of: tokens.current.offset)
      let (path, steps) = try path(&tokens)
      _ = names.use(steps, line: place.line, column: place.column)
      return path
    default:
      throw tokens.error("There should be a value here: a name, a number, or a quoted text.")
    }
  }

  private mutating func path(_ tokens: inout TokenReader) throws(TemplateError) -> (Operand, [Operand.Step]) {
    var steps: [Operand.Step] = [.name(try tokens.name("a name"))]
    while steps.count < 10 {
      if try tokens.takes(".") {
        steps.append(.name(try tokens.name("a name")))
      } else if try tokens.takes("[") {
        guard case .number(let number) = tokens.current.kind, number.scale == 0 else {
          throw tokens.error("There should be a whole number here.")
        }
        try tokens.take()
        try tokens.expect("]")
        steps.append(.index(Int(clamping: number.unscaled)))
      } else {
        break
      }
    }
    return (.path(steps), steps)
  }

  // MARK: - Conditions

  private mutating func condition(_ tokens: inout TokenReader) throws(TemplateError) -> Condition {
    var condition = try conjunction(&tokens)
    var count = 0
    while try tokens.takes(word: "or") {
      condition = .or(condition, try conjunction(&tokens))
      count += 1
      guard count < 50 else { throw tokens.error("The condition has too many parts. Make it simpler.") }
    }
    return condition
  }

  private mutating func conjunction(_ tokens: inout TokenReader) throws(TemplateError) -> Condition {
    var condition = try comparison(&tokens)
    var count = 0
    while try tokens.takes(word: "and") {
      condition = .and(condition, try comparison(&tokens))
      count += 1
      guard count < 50 else { throw tokens.error("The condition has too many parts. Make it simpler.") }
    }
    return condition
  }

  private mutating func comparison(_ tokens: inout TokenReader) throws(TemplateError) -> Condition {
    let left = try operand(&tokens)
    if try tokens.takes(word: "contains") { return .compare(left, .contains, try operand(&tokens)) }
    guard case .sign(let sign) = tokens.current.kind, let comparison = Condition.Comparison(rawValue: sign) else {
      return .isTrue(left)
    }
    try tokens.take()
    return .compare(left, comparison, try operand(&tokens))
  }
}
