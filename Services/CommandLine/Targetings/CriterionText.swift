import Messages
import UserTables

/// A tree of criteria, for people: a criterion a line, what it combines indented beneath it.
enum CriterionText {
  /// Its lines; a single one where every profile is meant.
  static func lines(of criterion: TargetingV1.Criterion?) -> [String] {
    guard let criterion else { return ["every profile"] }
    return lines(of: criterion, depth: 0)
  }

  private static func lines(of criterion: TargetingV1.Criterion, depth: Int) -> [String] {
    let indent = String(repeating: "  ", count: depth)
    switch criterion.kind {
    case nil:
      return [indent + "(nothing)"]
    case .all(let inner):
      return [indent + "all of"] + inner.criteria.flatMap { lines(of: $0, depth: depth + 1) }
    case .any(let inner):
      return [indent + "any of"] + inner.criteria.flatMap { lines(of: $0, depth: depth + 1) }
    case .not(let inner):
      return [indent + "not"] + lines(of: inner, depth: depth + 1)
    case .field(let field):
      return [indent + "\(field.field) \(text(field.comparison))"]
    case .reference(let reference):
      return [indent + "\(reference.reference).\(reference.column) \(text(reference.comparison))"]
    case .rows(let rows):
      return [indent + text(rows)]
    case .targeting(let name):
      return [indent + "in \(name)"]
    }
  }

  private static func text(_ rows: TargetingV1.RowsCriterion) -> String {
    let column = rows.column.isEmpty ? "" : " of \(rows.column)"
    let table = rows.table.split(separator: "/").last.map(String.init) ?? rows.table
    let conditions = rows.where.map { "\($0.column) \(text($0.comparison))" }.joined(separator: " and ")
    let filter = conditions.isEmpty ? "" : " where \(conditions)"
    return "\(EnumWord.text(rows.aggregate))\(column) over \(table)\(filter) \(text(rows.comparison))"
  }

  /// What something is compared with: `= true`, `> 100`.
  static func text(_ comparison: TargetingV1.Comparison?) -> String {
    switch comparison?.kind {
    case nil: "(compared with nothing)"
    case .equals(let value): "= \(text(value))"
    case .oneOf(let values): "one of \(values.values.map(text).joined(separator: ", "))"
    case .range(let range): text(range)
    case .contains(let part): "contains \(part)"
    case .startsWith(let part): "starts with \(part)"
    case .isSet(let isSet): isSet ? "is set" : "is not set"
    }
  }

  private static func text(_ range: TargetingV1.Range) -> String {
    var parts: [String] = []
    switch range.lower {
    case nil: break
    case .from(let bound): parts.append("≥ \(text(bound))")
    case .after(let bound): parts.append("> \(text(bound))")
    }
    switch range.upper {
    case nil: break
    case .to(let bound): parts.append("≤ \(text(bound))")
    case .before(let bound): parts.append("< \(text(bound))")
    }
    return parts.joined(separator: " and ")
  }

  private static func text(_ bound: TargetingV1.Bound) -> String {
    switch bound.kind {
    case nil: "(nothing)"
    case .value(let value): text(value)
    case .nowPlus(let duration): duration.seconds < 0 ? "now - \(-duration.seconds) s" : "now + \(duration.seconds) s"
    }
  }

  private static func text(_ value: TypeV1.Value) -> String {
    (try? FieldWriter.text(of: value)) ?? "(no value)"
  }
}
