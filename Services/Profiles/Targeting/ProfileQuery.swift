internal import Database
internal import Messages
internal import Populations
internal import UserTables
internal import Values

/// One statement that answers criteria about the fields of a table's profiles, all by one pass over them.
///
/// It gives a row for each combination of answers that occurs, with the profiles that have it: each profile travels once,
/// however many criteria there are, and those of all rows are the living.
struct ProfileQuery: Sendable {
  private let table: ProfileTableDefinition
  private var comparisons: Comparisons
  private var conditions: [String] = []

  /// - Parameter zone: the entity's.
  init(table: ProfileTableDefinition, now: Timestamp, zone: Zone) {
    self.table = table
    self.comparisons = Comparisons(now: now, zone: zone)
  }

  /// Adds a criterion; gives its place among the answers.
  ///
  /// - Parameters:
  ///   - path: of the criterion.
  ///   - checksAccepted: whether a value that the field does not accept is refused. Not when a saved targeting is
  ///     evaluated: the field may have come to accept less.
  /// - Throws: ``FieldFault`` naming what does not go together.
  mutating func add(
    _ criterion: TargetingV1.FieldCriterion, at path: String, checksAccepted: Bool
  ) throws(FieldFault) -> Int {
    guard let field = table.field(criterion.field) else {
      throw FieldFault([.init("\(path).field", "The profile table has no field of this name. Name one that it has.")])
    }
    var operand = Comparisons.Operand(expression: field.storage.column, type: field.storage.type)
    operand.isMultiValued = field.storage.isMultiValued
    if checksAccepted { operand.acceptedValues = field.storage.acceptedValues }
    conditions.append(try comparisons.condition(criterion.comparison, on: operand, at: "\(path).comparison"))
    return conditions.count - 1
  }

  /// Adds the criterion that a reference is one of some keys; gives its place among the answers.
  ///
  /// - Parameter isComplement: whether it is met where the reference is none of them, or not set.
  mutating func add(_ reference: ProfileField, isAmong keys: [String], isComplement: Bool) -> Int {
    let list = comparisons.parameter(.textArray(keys.map(Optional.some)), "text[]")
    conditions.append("(\(reference.storage.column) = ANY (\(list))) IS \(isComplement ? "NOT " : "")TRUE")
    return conditions.count - 1
  }

  var statement: Statement {
    let answers = conditions.map { "(\($0)) IS TRUE" }.joined(separator: ",\n    ")
    return Statement(
      name: "profiles.evaluate",
      sql: """
        SELECT
          ARRAY[\(answers)]::boolean[] AS answers,
          string_agg(substring(int8send(id) FROM 5), ''::bytea)
        FROM \(table.rows)
        GROUP BY 1
        """)
  }

  var parameters: [SQLValue] { comparisons.parameters }

  /// What the profiles are, and which of them meet each criterion, from the statement's rows.
  func answers(in rows: [Row]) throws -> (living: Population, met: [Population]) {
    var groups: [Population] = []
    var met = [[Population]](repeating: [], count: conditions.count)
    for row in rows {
      let group = Population(packed: try row.bytes(1))
      groups.append(group)
      for (place, answer) in try row.boolArray(0).enumerated() where answer == true { met[place].append(group) }
    }
    return (Population.union(of: groups), met.map { Population.union(of: $0) })
  }
}
