internal import Database
internal import Messages
internal import ServiceKit
internal import Values

/// Something that a trigger let through, and that nobody has looked at yet.
struct Arrival: Sendable {
  let number: Int64
  let scenario: Int64
  let version: Int64
  let profileTable: Int64
  let profile: Int64
  /// The row, by number, or the participation, by name.
  let subject: String
  let cause: String
  /// Tries to look at it that found a peer away.
  let attempts: Int64
  let fence: Int64
}

/// Keeps what arrived until it has begun an execution, or turned out to begin none.
struct ArrivalStore: Sendable {
  /// How long a copy may look at what it took, in seconds by PostgreSQL's clock.
  private static let lease: Int64 = 30

  let database: Database

  // MARK: - Arriving

  /// Notes rows for every scenario whose trigger lets them through.
  ///
  /// - Parameter moment: when they changed: a scenario that was activated later lets nothing through.
  static func note(
    rows: InternalV1.RowsChanged, suffix: String, at moment: Timestamp, now: Timestamp, in transaction: Transaction
  ) async throws {
    try await transaction.execute(
      noteRows,
      [
        .int(rows.customTable), .intArray(rows.rows), .intArray(rows.profiles.map(Int64.init)), .text(suffix),
        .bool(rows.created), .bool(rows.bulk), .timestamp(moment), .timestamp(now),
        .int(Int64(AutomationV1.ScenarioState.active.rawValue)), .text(ExecutionStore.channel),
      ])
  }

  private static let noteRows = Statement(
    name: "arrivals.note_rows",
    sql: """
      WITH noted AS (
        INSERT INTO arrivals (entity, scenario, version, profile_table, profile, subject, cause, wake_at)
        SELECT s.entity, s.number, s.version, s.profile_table, r.profile, r.number::text,
          'row/' || $1::bigint || '/' || r.number || $4::text, $8
        FROM scenarios AS s
          CROSS JOIN unnest($2::bigint[], $3::bigint[]) AS r (number, profile)
        WHERE s.trigger_table = $1 AND s.state = $9 AND s.activated_at <= $7
          AND ($5::boolean OR s.on_update) AND (s.bulk OR NOT $6::boolean)
        ON CONFLICT (scenario, cause) DO NOTHING
        RETURNING number
      )
      SELECT pg_notify($10, '')
      FROM noted
      LIMIT 1
      """)

  /// Notes a participation for every scenario that its form begins.
  static func note(
    participation: ResourceMatch, profile: Int64, entity: Int64, at moment: Timestamp, now: Timestamp,
    in transaction: Transaction
  ) async throws {
    try await transaction.execute(
      noteParticipation,
      [
        .int(entity), .text(participation.id("form")), .int(profile), .text(participation.description),
        .text("participation/\(participation.id("form"))/\(participation.id("participation"))"), .timestamp(moment),
        .timestamp(now), .int(Int64(AutomationV1.ScenarioState.active.rawValue)), .text(ExecutionStore.channel),
      ])
  }

  private static let noteParticipation = Statement(
    name: "arrivals.note_participation",
    sql: """
      WITH noted AS (
        INSERT INTO arrivals (entity, scenario, version, profile_table, profile, subject, cause, wake_at)
        SELECT s.entity, s.number, s.version, s.profile_table, $3, $4, $5, $7
        FROM scenarios AS s
        WHERE s.entity = $1 AND s.trigger_form = $2 AND s.state = $8 AND s.activated_at <= $6
        ON CONFLICT (scenario, cause) DO NOTHING
        RETURNING number
      )
      SELECT pg_notify($9, '')
      FROM noted
      LIMIT 1
      """)

  // MARK: - Looking

  /// Takes arrivals that are due, oldest first. Copies may call at once; an arrival goes to one.
  func claimDue(limit: Int, now: Timestamp) async throws -> [Arrival] {
    try await database.write(
      Self.claim, [.timestamp(now), .int(Int64(limit)), .int(Self.lease)], as: .worker
    ).map { row in
      try Arrival(
        number: row.int(0), scenario: row.int(1), version: row.int(2), profileTable: row.int(3), profile: row.int(4),
        subject: row.text(5), cause: row.text(6), attempts: row.int(7), fence: row.int(8))
    }
  }

  private static let claim = Statement(
    name: "arrivals.claim",
    sql: """
      WITH due AS MATERIALIZED (
        SELECT number
        FROM arrivals
        WHERE wake_at <= $1 AND (leased_until IS NULL OR leased_until < clock_timestamp())
        ORDER BY wake_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
      )
      UPDATE arrivals AS a
      SET fence = a.fence + 1, leased_until = clock_timestamp() + $3::bigint * interval '1 second'
      FROM due
      WHERE a.number = due.number
      RETURNING a.number, a.scenario, a.version, a.profile_table, a.profile, a.subject, a.cause, a.attempts, a.fence
      """)

  /// Deletes arrivals that were looked at.
  ///
  /// - Returns: those that were still this copy's: what follows from the others is another's to do.
  static func settle(_ arrivals: [Arrival], in transaction: Transaction) async throws -> Set<Int64> {
    let rows = try await transaction.execute(
      remove, [.intArray(arrivals.map(\.number)), .intArray(arrivals.map(\.fence))])
    return Set(try rows.map { try $0.int(0) })
  }

  private static let remove = Statement(
    name: "arrivals.settle",
    sql: """
      DELETE FROM arrivals AS a
      USING unnest($1::bigint[], $2::bigint[]) AS held (number, fence)
      WHERE a.number = held.number AND a.fence = held.fence
      RETURNING a.number
      """)

  /// Leaves arrivals for later.
  func postpone(_ arrivals: [Arrival], until: Timestamp) async throws {
    try await database.write(
      Self.postpone,
      [.intArray(arrivals.map(\.number)), .intArray(arrivals.map(\.fence)), .timestamp(until)], as: .worker)
  }

  private static let postpone = Statement(
    name: "arrivals.postpone",
    sql: """
      UPDATE arrivals AS a
      SET wake_at = $3, attempts = a.attempts + 1, leased_until = NULL
      FROM unnest($1::bigint[], $2::bigint[]) AS held (number, fence)
      WHERE a.number = held.number AND a.fence = held.fence
      """)
}
