internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// Keeps executions, and hands those that are due to one copy at a time.
struct ExecutionStore: Sendable {
  let database: Database

  /// Notified when an execution begins, or may.
  static let channel = "automation_due"
  /// How long a copy may work on an execution without a word, by PostgreSQL's clock.
  ///
  /// A call waits for its answer for a third of this at most (``Neighbours/patience``), and each step that is taken begins it anew.
  private static let lease: Int64 = 30

  // MARK: - Working

  /// Takes executions that are due, oldest first. Copies may call at once; an execution goes to one.
  ///
  /// - Complexity: one round trip; O(limit) rows by the index `executions_due`, and those that others hold.
  func claimDue(limit: Int, now: Timestamp) async throws -> [ExecutionRecord] {
    try await database.write(
      Self.claim, [.timestamp(now), .int(Int64(limit)), .int(Self.lease)], as: .worker
    ).map { try ExecutionRecord($0) }
  }

  private static let claim = Statement(
    name: "executions.claim",
    sql: """
      WITH due AS MATERIALIZED (
        SELECT number
        FROM executions
        WHERE wake_at <= $1 AND (leased_until IS NULL OR leased_until < clock_timestamp())
          AND EXISTS (SELECT FROM scenarios AS s WHERE s.number = executions.scenario)
        ORDER BY wake_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
      )
      UPDATE executions AS e
      SET fence = e.fence + 1, leased_until = clock_timestamp() + $3::bigint * interval '1 second'
      FROM due
      WHERE e.number = due.number
      RETURNING \(ExecutionRecord.columns)
      """)

  /// Stores what came of standing on a step.
  ///
  /// - Returns: the execution as it goes on under the same lease; nil when it rests or has ended, or is another's by now.
  func settle(
    _ execution: ExecutionRecord, _ settlement: StepMachine.Settlement, now: Timestamp
  ) async throws -> ExecutionRecord? {
    let change = Change(execution, settlement, now: now)
    let rows = try await database.write(
      Self.settle,
      [
        .int(execution.number), .int(execution.fence), .int(Int64(change.state.rawValue)), .text(change.step),
        .int(change.record == nil ? 0 : 1), .optional(change.wakeAt), .bool(change.goesOn), .int(Self.lease),
        .int(change.attempts), .optional(change.triedSince), .optional(change.endedAt), .optional(change.error),
        .text(execution.step), .timestamp(now), .optional(change.record),
      ], as: .worker)
    return change.goesOn ? try rows.first.map { try ExecutionRecord($0) } : nil
  }

  // An execution of a scenario that was deleted goes nowhere any more.
  // One statement: the step is recorded when and only when the execution has moved, under the fence of who holds it.
  private static let settle = Statement(
    name: "executions.settle",
    sql: """
      WITH e AS (
        UPDATE executions
        SET state = $3, step = $4, taken = taken + $5::integer, wake_at = $6,
          leased_until = CASE WHEN $7 THEN clock_timestamp() + $8::bigint * interval '1 second' END,
          attempts = $9, tried_since = $10, ended_at = $11, error = $12,
          trigger_values = CASE WHEN $11::timestamptz IS NULL THEN trigger_values END
        WHERE number = $1 AND fence = $2 AND ended_at IS NULL
          AND EXISTS (SELECT FROM scenarios AS s WHERE s.number = executions.scenario)
        RETURNING *
      ), recorded AS (
        INSERT INTO execution_steps (entity, execution, place, step, taken_at, outcome)
        SELECT e.entity, e.number, e.taken, $13::text, $14::timestamptz, $15::text
        FROM e
        WHERE $15::text IS NOT NULL
      )
      SELECT \(ExecutionRecord.columns)
      FROM e
      """)

  /// A settlement as columns.
  private struct Change {
    var state = AutomationV1.ExecutionState.running
    var step: String
    /// What came of the step; nil: it is not taken yet.
    var record: String?
    var wakeAt: Timestamp?
    var attempts: Int64 = 0
    var triedSince: Timestamp?
    var endedAt: Timestamp?
    var error: String?
    /// Whether the next step follows at once.
    var goesOn = false

    init(_ execution: ExecutionRecord, _ settlement: StepMachine.Settlement, now: Timestamp) {
      step = execution.step
      switch settlement {
      case .moved(let next, let outcome):
        record = outcome
        if next.isEmpty {
          (state, endedAt) = (.completed, now)
        } else {
          (step, wakeAt, goesOn) = (next, now, true)
        }
      case .waiting(let until): (state, wakeAt) = (.waiting, until)
      case .again(let at): (wakeAt, attempts, triedSince) = (at, execution.attempts + 1, execution.triedSince ?? now)
      case .failed(let error): (state, endedAt, self.error, record) = (.failed, now, error, "failed")
      case .left: (state, endedAt) = (.left, now)
      }
    }
  }

  /// Lets go of executions that this copy holds, so that another need not wait.
  func release(_ executions: [ExecutionRecord]) async throws {
    try await database.write(
      Self.release, [.intArray(executions.map(\.number)), .intArray(executions.map(\.fence))], as: .worker)
  }

  private static let release = Statement(
    name: "executions.release",
    sql: """
      UPDATE executions AS e
      SET leased_until = NULL
      FROM unnest($1::bigint[], $2::bigint[]) AS held (number, fence)
      WHERE e.number = held.number AND e.fence = held.fence
      """)

  /// Ends all that runs for profiles that are gone, and drops what was about to begin for them.
  ///
  /// - Parameter profiles: 0 among them: all of the profile table.
  static func leave(
    _ profiles: [Int64], of profileTable: Int64, now: Timestamp, in transaction: Transaction
  ) async throws {
    let parameters: [SQLValue] = [.int(profileTable), .intArray(profiles)]
    try await transaction.execute(dropArrivals, parameters)
    try await transaction.execute(
      leave, parameters + [.int(Int64(AutomationV1.ExecutionState.left.rawValue)), .timestamp(now)])
  }

  private static let dropArrivals = Statement(
    name: "arrivals.drop_of_profiles",
    sql: """
      DELETE FROM arrivals
      WHERE profile_table = $1 AND (profile = ANY ($2::bigint[]) OR 0 = ANY ($2::bigint[]))
      """)

  // The fence rises, so that a copy that works on one of them settles nothing any more.
  private static let leave = Statement(
    name: "executions.leave",
    sql: """
      UPDATE executions
      SET state = $3, wake_at = NULL, ended_at = $4, trigger_values = NULL, fence = fence + 1, leased_until = NULL
      WHERE profile_table = $1 AND (profile = ANY ($2::bigint[]) OR 0 = ANY ($2::bigint[])) AND ended_at IS NULL
      """)

  // MARK: - Reading

  /// The execution of a number, or nil where the scenario has none.
  func find(_ number: Int64, of scenario: ScenarioRecord) async throws -> ExecutionRecord? {
    try await database.read(Self.byNumber, [.int(scenario.number), .int(number)], as: .entity(scenario.entity))
      .first.map { try ExecutionRecord($0) }
  }

  private static let byNumber = Statement(
    name: "executions.find",
    sql: """
      SELECT \(ExecutionRecord.columns)
      FROM executions AS e
      WHERE e.scenario = $1 AND e.number = $2
      """)

  /// Executions of a scenario, newest first, before `before`.
  ///
  /// - Parameter profile: only its; nil: all.
  func list(
    of scenario: ScenarioRecord, profile: Int64?, before: Int64?, limit: Int
  ) async throws -> [ExecutionRecord] {
    var parameters: [SQLValue] = [.int(scenario.number), .int(before ?? .max), .int(Int64(limit))]
    if let profile { parameters.append(.int(profile)) }
    return try await database.read(
      profile == nil ? Self.newestFirst : Self.newestOfProfile, parameters, as: .entity(scenario.entity)
    ).map { try ExecutionRecord($0) }
  }

  private static let newestFirst = Statement(
    name: "executions.list",
    sql: """
      SELECT \(ExecutionRecord.columns)
      FROM executions AS e
      WHERE e.scenario = $1 AND e.number < $2
      ORDER BY e.number DESC
      LIMIT $3
      """)

  private static let newestOfProfile = Statement(
    name: "executions.list_of_profile",
    sql: """
      SELECT \(ExecutionRecord.columns)
      FROM executions AS e
      WHERE e.scenario = $1 AND e.number < $2 AND e.profile = $4
      ORDER BY e.number DESC
      LIMIT $3
      """)

  /// The steps that executions of one entity took, oldest first.
  func steps(of executions: [Int64], entity: Int64) async throws -> [Int64: [AutomationV1.StepRecord]] {
    var steps: [Int64: [AutomationV1.StepRecord]] = [:]
    if executions.isEmpty { return steps }
    for row in try await database.read(Self.steps, [.intArray(executions)], as: .entity(entity)) {
      var record = AutomationV1.StepRecord()
      record.step = try row.text(1)
      record.time = try row.timestamp(2).message
      record.outcome = try row.text(3)
      steps[try row.int(0), default: []].append(record)
    }
    return steps
  }

  private static let steps = Statement(
    name: "executions.steps",
    sql: """
      SELECT execution, step, taken_at, outcome
      FROM execution_steps
      WHERE execution = ANY ($1::bigint[])
      ORDER BY execution, place
      """)
}
