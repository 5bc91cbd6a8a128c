internal import Messages
internal import UserTables

/// What a comparison must hold to, so that it can be answered whenever it is asked.
enum ConditionRules {
  /// - Parameters:
  ///   - type: of what is compared; nil where it is not known.
  ///   - path: of the comparison in the definition.
  static func check(
    _ comparison: TargetingV1.Comparison?, on type: FieldType?, at path: String
  ) throws(DefinitionFault) {
    switch comparison?.kind {
    case .equals(let value): try check(value, type, at: "\(path).equals")
    case .oneOf(let list):
      guard !list.values.isEmpty, list.values.count <= 10_000 else {
        throw DefinitionFault("\(path).one_of.values", "Name 1 to 10,000 values.")
      }
      for (index, value) in list.values.enumerated() { try check(value, type, at: "\(path).one_of.values[\(index)]") }
    case .range(let range): try check(range, type, at: "\(path).range")
    case .contains(let text): try check(text, type, at: "\(path).contains")
    case .startsWith(let text): try check(text, type, at: "\(path).starts_with")
    case .isSet: break
    case nil: throw DefinitionFault(path, "The comparison has no kind set. Set one.")
    }
  }

  private static func check(_ value: TypeV1.Value, _ type: FieldType?, at path: String) throws(DefinitionFault) {
    if case .nullValue = value.kind { throw DefinitionFault(path, "Nothing equals null. Compare by `is_set`.") }
    if let problem = GivenValue.problem(of: value) { throw DefinitionFault(path, problem) }
    do throws(FieldProblem) { _ = try Condition.literal(value, as: type) } catch {
      throw DefinitionFault(path, error.explanation)
    }
  }

  private static func check(_ text: String, _ type: FieldType?, at path: String) throws(DefinitionFault) {
    guard type?.isText ?? true else {
      throw DefinitionFault(path, "Only text contains text or begins with it. Compare otherwise.")
    }
    if text.isEmpty { throw DefinitionFault(path, "The text is empty. Send some.") }
    if text.unicodeScalars.contains("\0") { throw DefinitionFault(path, GivenValue.nulExplanation) }
  }

  private static func check(
    _ range: TargetingV1.Range, _ type: FieldType?, at path: String
  ) throws(DefinitionFault) {
    if let type, !type.isOrdered {
      throw DefinitionFault(path, "Only numbers, dates and times lie in a range. Compare otherwise.")
    }
    switch range.lower {
    case .from(let bound): try check(bound, type, at: "\(path).from")
    case .after(let bound): try check(bound, type, at: "\(path).after")
    case nil: break
    }
    switch range.upper {
    case .to(let bound): try check(bound, type, at: "\(path).to")
    case .before(let bound): try check(bound, type, at: "\(path).before")
    case nil: if range.lower == nil { throw DefinitionFault(path, "The range has no bound. Set one at least.") }
    }
  }

  private static func check(
    _ bound: TargetingV1.Bound, _ type: FieldType?, at path: String
  ) throws(DefinitionFault) {
    switch bound.kind {
    case .value(let value):
      try check(value, type, at: "\(path).value")
      switch Comparand(value) {
      case .text, .flag: throw DefinitionFault("\(path).value", "Only numbers, dates and times bound a range.")
      default: break
      }
    case .nowPlus:
      guard type == nil || type == .date || type == .timestamp else {
        throw DefinitionFault("\(path).now_plus", "Only dates and times are compared with now. Send a value.")
      }
    case nil: throw DefinitionFault(path, "The bound has no kind set. Set one.")
    }
  }
}
