internal import Messages
internal import UserTables

/// The types of what the conditions of a scenario compare.
struct ScenarioSubjects: Sendable, Hashable {
  /// Nil for what there is, of a type that is not known: a link to a row, which carries that row's key.
  private var all: [String: FieldType?] = [:]

  /// A value of the trigger.
  static func trigger(_ id: String) -> String { "trigger.\(id)" }
  /// A field of the profile.
  static func profile(_ id: String) -> String { "profile.\(id)" }

  init() {}

  /// As they are stored.
  init(names: [String], numbers: [Int64]) {
    for (name, number) in zip(names, numbers) {
      all[name] = .some(FieldType(TypeV1.FieldType(rawValue: Int32(clamping: number))))
    }
  }

  /// What is stored: names and the types' numbers.
  var stored: (names: [String], numbers: [Int64]) {
    let known = all.compactMap { name, type in type.map { (name, Int64($0.message.rawValue)) } }.sorted { $0.0 < $1.0 }
    return (known.map(\.0), known.map(\.1))
  }

  mutating func add(_ name: String, _ type: FieldType?) {
    all[name] = .some(type)
  }

  func knows(_ name: String) -> Bool { all[name] != nil }

  /// Nil for one whose type is not known.
  func type(of name: String) -> FieldType? { all[name] ?? nil }
}

extension AutomationV1.StepCondition {
  /// What it compares, by the name in ``ScenarioSubjects``.
  var subjectName: String {
    switch subject {
    case .triggerValue(let id): ScenarioSubjects.trigger(id)
    case .profileField(let id): ScenarioSubjects.profile(id)
    case nil: ""
    }
  }
}
