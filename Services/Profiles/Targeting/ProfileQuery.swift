internal import Database
internal import Messages
internal import Populations
internal import UserTables
internal import Values

/// The statements that answer criteria about the fields of a table's profiles, each by one pass over them.
///
/// A pass gives a row for each combination of answers that occurs, with the profiles that have it: each profile travels
/// once a pass, and those of all rows are the living. Many criteria may have as many combinations as there are profiles, so
/// a pass answers a few, which bounds its rows; mostly one is enough. All passes must see one snapshot.
struct ProfileQuery: Sendable {
  /// The most criteria of one pass: at most 4,096 combinations.
  static let mostPerPass = 12

  private let table: ProfileTableDefinition
  private let now: Timestamp
  private let zone: Zone
  /// At least one, which tells who is living; all but the last are full.
  private(set) var passes: [Pass]

  /// - Parameter zone: the entity's.
  init(table: ProfileTableDefinition, now: Timestamp, zone: Zone) {
    self.table = table
    self.now = now
    self.zone = zone
    self.passes = [Pass(table: table, now: now, zone: zone)]
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
    let pass = openPass()
    try passes[pass].add(criterion.comparison, on: operand, at: "\(path).comparison")
    return place(in: pass)
  }

  /// Adds the criterion that a reference is one of some keys; gives its place among the answers.
  ///
  /// - Parameter isComplement: whether it is met where the reference is none of them, or not set.
  mutating func add(_ reference: ProfileField, isAmong keys: [String], isComplement: Bool) -> Int {
    let pass = openPass()
    passes[pass].add(reference, isAmong: keys, isComplement: isComplement)
    return place(in: pass)
  }

  /// The pass that the next criterion is for.
  private mutating func openPass() -> Int {
    if passes[passes.count - 1].count == Self.mostPerPass { passes.append(Pass(table: table, now: now, zone: zone)) }
    return passes.count - 1
  }

  /// The place of the last criterion of a pass among the answers of all.
  private func place(in pass: Int) -> Int { pass * Self.mostPerPass + passes[pass].count - 1 }
}

extension ProfileQuery {
  /// A few criteria and the statement that answers them.
  struct Pass: Sendable {
    private let table: ProfileTableDefinition
    private var comparisons: Comparisons
    private var conditions: [String] = []

    fileprivate init(table: ProfileTableDefinition, now: Timestamp, zone: Zone) {
      self.table = table
      self.comparisons = Comparisons(now: now, zone: zone)
    }

    /// How many criteria it has.
    var count: Int { conditions.count }

    fileprivate mutating func add(
      _ comparison: TargetingV1.Comparison?, on operand: Comparisons.Operand, at path: String
    ) throws(FieldFault) {
      conditions.append(try comparisons.condition(comparison, on: operand, at: path))
    }

    fileprivate mutating func add(_ reference: ProfileField, isAmong keys: [String], isComplement: Bool) {
      let list = comparisons.parameter(.textArray(keys.map(Optional.some)), "text[]")
      conditions.append("(\(reference.storage.column) = ANY (\(list))) IS \(isComplement ? "NOT " : "")TRUE")
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
}
