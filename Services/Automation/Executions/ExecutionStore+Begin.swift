internal import Database
internal import Messages
internal import UserTables
internal import Values

/// An execution that is about to begin.
struct NewExecution: Sendable {
  let profile: Int64
  /// Tells the same thing when it comes twice: one execution of a scenario has it.
  let cause: String
  let values: [String: TypeV1.Value]
}

extension ExecutionStore {
  /// Begins executions, those that the scenario's re-entry and state allow and whose profile is not gone.
  ///
  /// - Parameters:
  ///   - version: the one that they stay on.
  ///   - transaction: in a role that sees the scenario.
  /// - Returns: those that began.
  static func begin(
    _ new: [NewExecution], on version: ScenarioVersion, profileTable: Int64, now: Timestamp,
    in transaction: Transaction
  ) async throws -> [ExecutionRecord] {
    guard let first = version.definition.steps.first, !new.isEmpty else { return [] }
    let profiles = SQLValue.intArray(new.map(\.profile))
    let guards = try await transaction.execute(pipelined: [
      (isActive, [.int(version.scenario), .int(Int64(AutomationV1.ScenarioState.active.rawValue))]),
      (Tombstones.ofExecutions.share, [.int(profileTable)]),
      (lockEntries, [.int(version.scenario), profiles]),
    ])
    if guards[0].isEmpty { return [] }
    let rows = try await transaction.execute(
      insert,
      [
        .int(version.scenario), .int(version.version), .int(profileTable), profiles,
        .textArray(new.map(\.cause)), .bytesArray(try new.map { try TriggerValues.stored($0.values) }),
        .int(Int64(version.definition.reentry.rawValue)), .int(Int64(AutomationV1.ExecutionState.running.rawValue)),
        .text(first.id), .timestamp(now), .int(version.entity),
      ])
    if !rows.isEmpty { try await transaction.execute(notify, [.text(channel)]) }
    return try rows.map { try ExecutionRecord($0) }
  }

  // A scenario that is being paused or deleted waits, or is seen as paused or gone.
  private static let isActive = Statement(
    name: "scenarios.is_active", sql: "SELECT number FROM scenarios WHERE number = $1 AND state = $2 FOR SHARE")

  // Two that begin for one profile at once look one after the other whether it is here already. The order keeps two
  // batches from waiting for each other.
  private static let lockEntries = Statement(
    name: "executions.lock_entries",
    sql: """
      SELECT count(pg_advisory_xact_lock(key))
      FROM (
        SELECT DISTINCT hashtextextended('entry/' || $1::bigint || '/' || profile, 0) AS key
        FROM unnest($2::bigint[]) AS wanted (profile)
        ORDER BY key
      ) AS keys
      """)

  // 1: never again; 2: one at a time; 3: each on its own.
  private static let insert = Statement(
    name: "executions.insert",
    sql: """
      WITH wanted AS (
        SELECT *, row_number() OVER (PARTITION BY profile ORDER BY place) AS turn
        FROM unnest($4::bigint[], $5::text[], $6::bytea[]) WITH ORDINALITY AS w (profile, cause, trigger_values, place)
      )
      INSERT INTO executions AS e
        (entity, scenario, version, profile_table, profile, cause, state, step, trigger_values, created_at, wake_at)
      SELECT $11, $1, $2, $3, profile, cause, $8, $9, trigger_values, $10, $10
      FROM wanted
      WHERE ($7 = 3 OR turn = 1)
        AND NOT EXISTS (
          SELECT
          FROM executions AS other
          WHERE $7 <> 3 AND other.scenario = $1 AND other.profile = wanted.profile
            AND ($7 = 1 OR other.ended_at IS NULL))
        AND NOT EXISTS (
          SELECT
          FROM deleted_profiles AS gone
          WHERE gone.profile_table = $3 AND gone.profile IN (wanted.profile, 0))
      ORDER BY place
      ON CONFLICT (scenario, cause) DO NOTHING
      RETURNING \(ExecutionRecord.columns)
      """)

  static let notify = Statement(name: "executions.notify", sql: "SELECT pg_notify($1, '')")
}
