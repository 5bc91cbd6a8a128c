internal import Database
internal import Messages
internal import UserTables
internal import Values

/// A comparison with a value that is at hand.
///
/// A comparison with an absent value is false, but for `is_set: false`. Of several values one that compares so is enough.
struct Condition: Sendable {
  let comparison: TargetingV1.Comparison
  /// Of what is compared; nil where it is not known, such as a call's values.
  let type: FieldType?

  /// What stands for now, and where a day without a time lies.
  struct Moment: Sendable {
    let now: Timestamp
    let zone: Zone
  }

  func holds(for value: TypeV1.Value?, at moment: Moment) -> Bool {
    let subjects = Self.comparands(of: value)
    switch comparison.kind {
    case .isSet(let isSet): return isSet == !subjects.isEmpty
    case .equals(let literal): return subjects.contains { equals($0, literal, moment) }
    case .oneOf(let list):
      return subjects.contains { subject in list.values.contains { equals(subject, $0, moment) } }
    case .range(let range): return subjects.contains { lies($0, in: range, moment) }
    case .contains(let text): return subjects.contains { Self.text($0)?.contains(text.lowercased()) ?? false }
    case .startsWith(let text): return subjects.contains { Self.text($0)?.hasPrefix(text.lowercased()) ?? false }
    case nil: return false
    }
  }

  private static func comparands(of value: TypeV1.Value?) -> [Comparand] {
    guard case .listValue(let list) = value?.kind else { return value.flatMap(Comparand.init).map { [$0] } ?? [] }
    return list.values.compactMap(Comparand.init)
  }

  private static func text(_ subject: Comparand) -> String? {
    if case .text(let text) = subject { text.lowercased() } else { nil }
  }

  // MARK: - Kinds

  private func equals(_ subject: Comparand, _ literal: TypeV1.Value, _ moment: Moment) -> Bool {
    guard let literal = try? Self.literal(literal, as: type) else { return false }
    if case (.moment(let time), .day(let day)) = (subject, literal) {
      return Self.bounds(of: day, moment).map { $0.start <= time && time < $0.end } ?? false
    }
    return subject == literal
  }

  private func lies(_ subject: Comparand, in range: TargetingV1.Range, _ moment: Moment) -> Bool {
    let isAbove =
      switch range.lower {
      case .from(let bound): compares(subject, .from, bound, moment)
      case .after(let bound): compares(subject, .after, bound, moment)
      case nil: true
      }
    let isBelow =
      switch range.upper {
      case .to(let bound): compares(subject, .to, bound, moment)
      case .before(let bound): compares(subject, .before, bound, moment)
      case nil: true
      }
    return isAbove && isBelow
  }

  private enum Side { case from, after, to, before }

  private func compares(_ subject: Comparand, _ side: Side, _ bound: TargetingV1.Bound, _ moment: Moment) -> Bool {
    guard let edge = edge(bound, for: subject, moment) else { return false }
    if case (.moment(let time), .day(let day)) = (subject, edge) {
      guard let (start, end) = Self.bounds(of: day, moment) else { return false }
      switch side {
      case .from: return time >= start
      case .after: return time >= end
      case .to: return time < end
      case .before: return time < start
      }
    }
    guard let isBelow = subject.precedes(edge), let isAbove = edge.precedes(subject) else { return false }
    switch side {
    case .from: return !isBelow
    case .after: return isAbove
    case .to: return !isAbove
    case .before: return isBelow
    }
  }

  private func edge(_ bound: TargetingV1.Bound, for subject: Comparand, _ moment: Moment) -> Comparand? {
    switch bound.kind {
    case .value(let value): return try? Self.literal(value, as: type)
    case .nowPlus(let duration):
      let instant = moment.now.advanced(by: .seconds(duration.seconds) + .nanoseconds(duration.nanos))
      if case .day = subject { return (try? moment.zone.day(of: instant)).map(Comparand.day) }
      return .moment(instant)
    case nil: return nil
    }
  }

  /// The first instant of a day, and that of the next.
  private static func bounds(of day: CalendarDate, _ moment: Moment) -> (start: Timestamp, end: Timestamp)? {
    guard let next = try? CalendarDate(daysSinceEpoch: day.daysSinceEpoch + 1),
      let start = try? moment.zone.start(of: day), let end = try? moment.zone.start(of: next)
    else { return nil }
    return (start, end)
  }

  /// A value that a definition carries, in the form in which its field keeps values.
  static func literal(_ value: TypeV1.Value, as type: FieldType?) throws(FieldProblem) -> Comparand {
    guard let type else {
      guard let literal = Comparand(value) else { throw FieldProblem("Compare with one value, or by `is_set`.") }
      return literal
    }
    if type.isText, case .stringValue = value.kind {
      let kept = try FieldReader(zone: .utc).read(value, for: FieldDefinition(id: "", number: 0, type: type))
      if case .text(let text) = kept { return .text(text) }
    }
    guard let literal = Comparand(value), literal.goes(with: type) else {
      throw FieldProblem("It is not compared with \(type.noun). Send \(type.noun).")
    }
    return literal
  }
}
