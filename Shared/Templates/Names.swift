/// Follows which names a template uses, through its loops and assignments.
struct Names {
  /// What a name of the template's own stands for.
  private enum Meaning {
    case path([String])
    case computed

    init(_ path: [String]?) {
      self = path.map(Meaning.path) ?? .computed
    }
  }

  private(set) var mentions: [Mention] = []
  private var scopes: [[String: Meaning]] = [[:]]

  /// - Parameter list: the path of the list; nil for one that was computed.
  mutating func enterLoop(_ variable: String, over list: [String]?) {
    scopes.append([variable: Meaning(list.map { $0 + ["[]"] }), "forloop": .computed])
  }

  mutating func leaveLoop() {
    scopes.removeLast()
  }

  /// - Parameter path: of the value; nil for one that was computed.
  mutating func assign(_ name: String, _ path: [String]?) {
    scopes[0][name] = Meaning(path)
  }

  /// Takes note of a path, and gives it with the template's own names replaced; nil where it leads to a computed value.
  mutating func use(_ steps: [Operand.Step], line: Int, column: Int) -> [String]? {
    let names = steps.map { step in
      if case .name(let name) = step { name } else { "[]" }
    }
    guard let resolved = resolve(names) else { return nil }
    mentions.append(Mention(path: resolved, line: line, column: column, limit: nil))
    return resolved
  }

  /// Says of a mention how many items a loop takes of it.
  mutating func limit(_ place: Int, to most: Int) {
    mentions[place].limit = most
  }

  private func resolve(_ names: [String]) -> [String]? {
    guard let first = names.first else { return nil }
    for scope in scopes.reversed() {
      switch scope[first] {
      case .path(let path): return path + names.dropFirst()
      case .computed: return nil
      case nil: continue
      }
    }
    return names
  }
}
