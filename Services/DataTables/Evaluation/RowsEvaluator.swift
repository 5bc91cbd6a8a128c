internal import Database
internal import Messages
internal import Populations
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers criteria over rows.
struct RowsEvaluator: Sendable {
  let database: Database

  /// How long one question may take.
  private static let timeout = Duration.seconds(60)

  /// A criterion, the table that it is about, and where it stands in the request.
  struct Question: Sendable {
    let criterion: TargetingV1.RowsCriterion
    let table: CustomTableDefinition
    let path: String
  }

  /// Answers questions, those about one table together.
  ///
  /// - Throws: ``FieldFault`` naming what does not go together.
  func answer(
    _ questions: [Question], now: Timestamp, zoneName: String
  ) async throws -> [InternalV1.EvaluateRowsResponse] {
    var answers = [InternalV1.EvaluateRowsResponse](repeating: .init(), count: questions.count)
    let byTable = Dictionary(grouping: questions.indices) { questions[$0].table.number }
    for places in byTable.values.sorted(by: { $0[0] < $1[0] }) {
      let table = questions[places[0]].table
      var query = RowsQuery(table: table, now: now, zoneName: zoneName)
      for place in places { try query.add(questions[place].criterion, at: questions[place].path) }
      let (statement, parameters) = (query.statement, query.parameters)
      let rows = try await database.transaction(
        as: .entity(table.entity), readOnly: true, timeout: Self.timeout
      ) { transaction in
        try await transaction.execute(statement, parameters)
      }
      guard let row = rows.first else { continue }
      for (index, place) in places.enumerated() { answers[place] = try Self.answer(row, at: index * 3) }
    }
    return answers
  }

  private static func answer(_ row: Row, at column: Int) throws -> InternalV1.EvaluateRowsResponse {
    var answer = InternalV1.EvaluateRowsResponse()
    answer.profiles = Population(packed: try row.optionalBytes(column) ?? []).message
    answer.holdsWithoutRows = try row.bool(column + 1)
    if answer.holdsWithoutRows { answer.withRows = Population(packed: try row.optionalBytes(column + 2) ?? []).message }
    return answer
  }

  // MARK: - Repositories

  /// The keys, as text, of the rows of a repository whose column meets a comparison.
  ///
  /// - Throws: ``FieldFault`` naming what does not go together.
  func keys(
    of table: CustomTableDefinition, whose field: TableField, _ comparison: TargetingV1.Comparison?, now: Timestamp,
    zone: Zone
  ) async throws -> [String] {
    guard let key = table.key else { return [] }
    var comparisons = Comparisons(now: now, zone: zone)
    let operand = Comparisons.Operand(expression: field.column, type: field.keptType)
    let condition = try comparisons.condition(comparison, on: operand, at: "comparison")
    let statement = Statement(
      name: "rows.evaluate_repository",
      sql: """
        SELECT \(key.column)
        FROM \(table.rows)
        WHERE \(condition)
        ORDER BY id
        """)
    return try await database.read(statement, comparisons.parameters, as: .entity(table.entity)).map { row in
      try FieldWriter.text(of: FieldWriter.value(of: key.storage, in: row, at: 0))
    }
  }
}
