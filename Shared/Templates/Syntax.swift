/// A piece of a compiled template.
indirect enum Node: Sendable {
  case text([UInt8])
  case output(Expression)
  /// The first branch whose condition holds, or the rest.
  case choice([Branch], otherwise: [Node])
  case loop(Loop)
  case assign(String, Expression)

  struct Branch: Sendable {
    let condition: Condition
    let nodes: [Node]
  }

  struct Loop: Sendable {
    let variable: String
    let list: Operand
    let limit: Operand?
    let body: [Node]
    /// What stands for an empty list.
    let otherwise: [Node]
    let offset: Int
  }
}

/// A value and what is done to it.
struct Expression: Sendable {
  let operand: Operand
  let filters: [FilterCall]
  let offset: Int
}

struct FilterCall: Sendable {
  let filter: Filter
  let arguments: [Operand]
}

/// A literal, or a way to a value.
enum Operand: Sendable {
  case literal(TemplateValue)
  case path([Step])

  enum Step: Sendable, Hashable {
    case name(String)
    case index(Int)
  }
}

indirect enum Condition: Sendable {
  enum Comparison: String, Sendable {
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case greater = ">"
    case atMost = "<="
    case atLeast = ">="
    case contains
  }

  case isTrue(Operand)
  case compare(Operand, Comparison, Operand)
  case and(Condition, Condition)
  case or(Condition, Condition)
  case not(Condition)
}

extension Condition.Comparison {
  /// At most about how many bytes a comparison of two values reads through.
  func weight(of left: TemplateValue, _ right: TemplateValue) -> Int {
    guard self == .contains else { return left.weight + right.weight }
    switch left {
    case .list(let items): return left.weight + items.count * right.weight
    // At worst the search begins again at each character.
    case .text(let text): return text.utf8.count * max(1, right.weight)
    default: return 0
    }
  }
}
