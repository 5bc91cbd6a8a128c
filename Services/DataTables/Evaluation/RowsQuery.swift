internal import Database
internal import Messages
internal import UserTables
internal import Values

/// One statement that answers criteria about the rows of one table, all by one pass over them.
///
/// For each criterion it gives three columns: the profiles that have rows and meet it, packed; whether a profile without
/// rows meets it; and, if so, the profiles that have rows at all, packed.
struct RowsQuery: Sendable {
  private let table: CustomTableDefinition
  private var comparisons: Comparisons
  private let zoneName: String
  private var perProfile: [String] = []
  private var answers: [String] = []
  /// The conditions of the rows that count; nil among them: all do.
  private var filters: [String?] = []

  /// - Parameter zoneName: an IANA name, of the zone that days are told in.
  init(table: CustomTableDefinition, now: Timestamp, zoneName: String) {
    self.table = table
    self.zoneName = zoneName.isEmpty ? "UTC" : zoneName
    self.comparisons = Comparisons(now: now, zone: Zone(zoneName) ?? .utc)
  }

  /// Adds a criterion.
  ///
  /// - Parameter path: of the criterion in the request.
  /// - Throws: ``FieldFault`` naming what does not go together.
  mutating func add(_ criterion: TargetingV1.RowsCriterion, at path: String) throws(FieldFault) {
    var conditions: [String] = []
    for (index, condition) in criterion.where.enumerated() {
      let path = "\(path).where[\(index)]"
      let field = try column(condition.column, at: "\(path).column")
      let operand = Comparisons.Operand(expression: field.column, type: field.keptType)
      conditions.append(try comparisons.condition(condition.comparison, on: operand, at: "\(path).comparison"))
    }
    let filter = conditions.isEmpty ? nil : conditions.joined(separator: " AND ")
    let aggregate = try aggregate(criterion, filter: filter, at: path)
    let comparison = criterion.comparison
    let verdict = try comparisons.condition(comparison, on: aggregate.operand, at: "\(path).comparison")
    // What holds without rows is asked of the same comparison.
    let empty = Comparisons.Operand(expression: aggregate.overNoRows, type: aggregate.operand.type)
    let withoutRows = try comparisons.condition(comparison, on: empty, at: "\(path).comparison")
    let place = filters.count
    perProfile.append("(\(verdict)) AND \(Self.has(filter)) AS meets\(place), \(Self.has(filter)) AS has\(place)")
    answers.append(
      """
      string_agg(substring(int8send(profile) FROM 5), ''::bytea) FILTER (WHERE meets\(place)),
        COALESCE(\(withoutRows), false),
        string_agg(substring(int8send(profile) FROM 5), ''::bytea) FILTER (WHERE has\(place) AND (\(withoutRows)))
      """)
    filters.append(filter)
  }

  private static func has(_ filter: String?) -> String {
    filter.map { "count(*) FILTER (WHERE \($0)) > 0" } ?? "true"
  }

  private func column(_ id: String, at path: String) throws(FieldFault) -> TableField {
    guard let field = table.field(id), field.kind != .profile else {
      throw FieldFault([.init(path, "The table has no column of this name. Name one that it has.")])
    }
    return field
  }

  // MARK: - Aggregates

  private struct Aggregation {
    let operand: Comparisons.Operand
    /// What it is over no rows.
    let overNoRows: String

    init(_ expression: String, _ type: FieldType, overNoRows: String? = nil, factor: String? = nil) {
      operand = Comparisons.Operand(expression: expression, type: type, factor: factor)
      self.overNoRows = overNoRows ?? "NULL::\(type.sqlType)"
    }
  }

  private mutating func aggregate(
    _ criterion: TargetingV1.RowsCriterion, filter: String?, at path: String
  ) throws(FieldFault) -> Aggregation {
    let filtered = filter.map { " FILTER (WHERE \($0))" } ?? ""
    if criterion.aggregate == .count {
      guard criterion.column.isEmpty else {
        throw FieldFault([.init("\(path).column", "Rows are counted, not a column. Leave it out.")])
      }
      return Aggregation("count(*)\(filtered)", .integer, overNoRows: "0::bigint")
    }
    let field = try column(criterion.column, at: "\(path).column")
    let (name, type) = (field.column, field.keptType)
    try check(criterion.aggregate, goesWith: type, at: path)
    switch criterion.aggregate {
    case .distinctDays:
      let day = type == .date ? name : day(of: name)
      return Aggregation("count(DISTINCT \(day))\(filtered)", .integer, overNoRows: "0::bigint")
    case .sum:
      return Aggregation("COALESCE(sum(\(name))\(filtered), 0)", .decimal, overNoRows: "0::numeric")
    case .average:
      // A quotient is rounded; the sum against as many times the value is exact.
      return Aggregation("sum(\(name))\(filtered)", .decimal, factor: "count(\(name))\(filtered)")
    case .min: return Aggregation("min(\(name))\(filtered)", type)
    default: return Aggregation("max(\(name))\(filtered)", type)
    }
  }

  /// The day of a time in the entity's zone.
  private mutating func day(of column: String) -> String {
    "(\(column) AT TIME ZONE \(comparisons.parameter(.text(zoneName), "text")))::date"
  }

  private func check(
    _ aggregate: TargetingV1.Aggregate, goesWith type: FieldType, at path: String
  ) throws(FieldFault) {
    let isNumber = type == .integer || type == .decimal
    let isDay = type == .date || type == .timestamp
    let goes: Bool
    switch aggregate {
    case .distinctDays, .latest: goes = isDay
    case .sum, .average: goes = isNumber
    case .min, .max: goes = type.isOrdered
    default: throw FieldFault([.init("\(path).aggregate", "The aggregate is not set, or unknown. Set one.")])
    }
    if !goes {
      throw FieldFault([
        .init(
          "\(path).column", "\(aggregate) does not go with a column of this type. Name another, or compute another.")
      ])
    }
  }

  // MARK: - The statement

  var statement: Statement {
    // Where every criterion says which rows count, the others need not be read.
    let conditions = filters.compactMap(\.self)
    let filter = conditions.count == filters.count ? "WHERE (\(conditions.joined(separator: ") OR ("))) " : ""
    return Statement(
      name: "rows.evaluate",
      sql: """
        SELECT
          \(answers.joined(separator: ",\n  "))
        FROM (
          SELECT profile,
            \(perProfile.joined(separator: ",\n    "))
          FROM \(table.rows)
          \(filter)GROUP BY profile
        ) AS per_profile
        """)
  }

  var parameters: [SQLValue] { comparisons.parameters }
}
