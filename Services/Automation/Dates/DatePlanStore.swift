internal import Database
internal import Messages
internal import UserTables
internal import Values

/// A scenario that dates begin, and how far it has come.
struct DatePlan: Sendable {
  let scenario: Int64
  let version: Int64
  /// By its number in Profiles.
  let profileTable: Int64
  let activatedAt: Timestamp
  /// When it was looked last, since its activation; nil: never.
  let plannedUntil: Timestamp?
}

/// Keeps how far scenarios have come that dates begin.
struct DatePlanStore: Sendable {
  let database: Database

  /// The active ones that there is something to look for, in their order.
  ///
  /// A clock that was set back has all of them looked at anew.
  func due(now: Timestamp) async throws -> [DatePlan] {
    try await database.read(Self.due, [.timestamp(now), Self.active], as: .worker).map { row in
      try DatePlan(
        scenario: row.int(0), version: row.int(1), profileTable: row.int(2), activatedAt: row.timestamp(3),
        plannedUntil: row.optionalTimestamp(4))
    }
  }

  private static let due = Statement(
    name: "date_plans.due",
    sql: """
      SELECT s.number, s.version, s.profile_table, s.activated_at,
        CASE WHEN p.activated_at = s.activated_at THEN p.planned_until END
      FROM scenarios AS s
        LEFT JOIN date_plans AS p ON p.scenario = s.number
      WHERE s.trigger_date IS NOT NULL AND s.state = $2
        AND (p.scenario IS NULL OR p.version <> s.version OR p.activated_at <> s.activated_at
          OR p.next_at <= $1 OR p.planned_until > $1)
      ORDER BY s.number
      """)

  /// Notes that a scenario has come as far as `until`.
  ///
  /// - Parameter next: when there is something to look for again.
  static func advance(
    _ plan: DatePlan, until: Timestamp, next: Timestamp, in transaction: Transaction
  ) async throws {
    try await transaction.execute(
      advance,
      [
        .int(plan.scenario), .int(plan.version), .timestamp(plan.activatedAt), .timestamp(until), .timestamp(next),
      ])
  }

  private static let advance = Statement(
    name: "date_plans.advance",
    sql: """
      INSERT INTO date_plans (entity, scenario, version, activated_at, planned_until, next_at)
      SELECT entity, number, $2, $3, $4, $5
      FROM scenarios
      WHERE number = $1
      ON CONFLICT (scenario) DO UPDATE
      SET version = excluded.version, activated_at = excluded.activated_at, planned_until = excluded.planned_until,
        next_at = excluded.next_at
      """)

  /// Keeps a scenario as it was when it was read, until the transaction ends.
  ///
  /// - Returns: false when it has been changed, paused or deleted meanwhile.
  static func hold(_ plan: DatePlan, in transaction: Transaction) async throws -> Bool {
    let rows = try await transaction.execute(
      hold, [.int(plan.scenario), active, .int(plan.version), .timestamp(plan.activatedAt)])
    return !rows.isEmpty
  }

  private static let hold = Statement(
    name: "date_plans.hold",
    sql: """
      SELECT number
      FROM scenarios
      WHERE number = $1 AND state = $2 AND version = $3 AND activated_at = $4
      FOR SHARE
      """)

  private static let active = SQLValue.int(Int64(AutomationV1.ScenarioState.active.rawValue))
}

/// Keeps which dates of which profiles have come round: what is noted once is not noted again.
enum OccurrenceStore {
  /// Notes dates that have come round, of profiles that are not gone.
  ///
  /// - Parameter transaction: holds ``Tombstones/share``.
  /// - Returns: the places, from 0, of those that were not noted before.
  static func note(
    _ new: [(profile: Int64, occurrence: Int64)], of plan: DatePlan, entity: Int64, in transaction: Transaction
  ) async throws -> [Int] {
    let rows = try await transaction.execute(
      insert,
      [
        .int(entity), .int(plan.scenario), .intArray(new.map(\.profile)), .intArray(new.map(\.occurrence)),
        .int(plan.profileTable),
      ])
    let noted = try Set(rows.map { [try $0.int(0), try $0.int(1)] })
    return new.indices.filter { noted.contains([new[$0].profile, new[$0].occurrence]) }
  }

  private static let insert = Statement(
    name: "occurrences.note",
    sql: """
      INSERT INTO occurrences (entity, scenario, profile, occurrence)
      SELECT $1, $2, new.profile, new.occurrence
      FROM unnest($3::bigint[], $4::bigint[]) AS new (profile, occurrence)
      WHERE NOT EXISTS (
        SELECT
        FROM deleted_profiles AS gone
        WHERE gone.profile_table = $5 AND gone.profile IN (new.profile, 0))
      ON CONFLICT DO NOTHING
      RETURNING profile, occurrence
      """)

  /// Forgets profiles that are gone.
  ///
  /// - Parameter profiles: 0 among them: all of the profile table.
  static func forget(_ profiles: [Int64], of profileTable: Int64, in transaction: Transaction) async throws {
    try await transaction.execute(forget, [.int(profileTable), .intArray(profiles)])
  }

  private static let forget = Statement(
    name: "occurrences.forget",
    sql: """
      DELETE FROM occurrences AS o
      USING scenarios AS s
      WHERE s.number = o.scenario AND s.profile_table = $1
        AND (o.profile = ANY ($2::bigint[]) OR 0 = ANY ($2::bigint[]))
      """)
}
