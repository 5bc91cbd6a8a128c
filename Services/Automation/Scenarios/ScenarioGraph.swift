internal import Messages
internal import UserTables

/// The steps of a scenario as a directed graph, from the first step on.
struct ScenarioGraph: Sendable {
  private let steps: [AutomationV1.Step]
  private let places: [String: Int]

  /// - Parameter steps: with ids that differ.
  init(_ steps: [AutomationV1.Step]) {
    self.steps = steps
    places = Dictionary(steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Checks that each way leads to a step, that each step is on a way, and that no way comes round without a wait.
  ///
  /// - Complexity: O(steps²).
  func check() throws(DefinitionFault) {
    for (index, step) in steps.enumerated() {
      for way in step.ways where !way.target.isEmpty && places[way.target] == nil {
        throw DefinitionFault("steps[\(index)].\(way.path)", "There is no step “\(way.target)”. Name one, or none.")
      }
    }
    if let lost = steps.indices.first(where: { !reachable.contains($0) }) {
      throw DefinitionFault(
        "steps[\(lost)].id", "No way leads to the step “\(steps[lost].id)”. Lead one, or remove it.")
    }
    if let place = restlessCycle() {
      throw DefinitionFault(
        "steps[\(place)]", "The step “\(steps[place].id)” comes round to itself without a wait. Put one on the way.")
    }
  }

  private var reachable: Set<Int> {
    var found: Set<Int> = []
    var open = steps.isEmpty ? [] : [0]
    while let place = open.popLast() {
      if found.insert(place).inserted { open += targets(of: place) }
    }
    return found
  }

  private func targets(of place: Int) -> [Int] {
    steps[place].ways.compactMap { places[$0.target] }
  }

  /// A step on a cycle without a wait; nil when there is none.
  private func restlessCycle() -> Int? {
    let restless = steps.map { step in if case .wait = step.kind { false } else { true } }
    return steps.indices.first { start in
      var found: Set<Int> = []
      var open = restless[start] ? targets(of: start) : []
      while let place = open.popLast() {
        if place == start { return true }
        if restless[place], found.insert(place).inserted { open += targets(of: place) }
      }
      return false
    }
  }
}

extension AutomationV1.Step {
  /// Where it leads, and the field that says so. An empty target is the end.
  var ways: [(path: String, target: String)] {
    guard case .branch(let branch) = kind else { return [("next", next)] }
    return [("branch.then", branch.then), ("branch.otherwise", branch.otherwise)]
  }
}
