internal import Database
internal import Messages
internal import ServiceKit
internal import Values

/// Keeps what is to be written into profiles until Profiles has answered.
struct EnrichmentStore: Sendable {
  /// One that was claimed.
  struct Claim: Sendable {
    let number: Int64
    let scope: Principal.Entity
    let form: String
    let participation: Int64
    let edits: Int32
    let round: Int64
    /// From 1. It tells this claim from later ones.
    let attempt: Int64
    let request: InternalV1.WriteProfileRequest
  }

  /// How long a claim holds. Whoever claims again does the same with the same request id, so nothing is done twice.
  private static let hold = Duration.seconds(60)

  let database: Database

  /// Keeps the intent, in the transaction of the participation.
  static func insert(_ enrichment: Enrichment?, due: Timestamp, in transaction: Transaction) async throws {
    guard let enrichment else { return }
    try await transaction.execute(
      insert,
      [
        .int(enrichment.scope.id), .text(enrichment.scope.key), .text(enrichment.scope.timeZone),
        .text(enrichment.form), .int(enrichment.participation), .int(Int64(enrichment.edits)),
        .int(enrichment.profileTable), .int(Int64(enrichment.profile)), .bytes(enrichment.request.encoded()),
        .timestamp(due),
      ])
  }

  private static let insert = Statement(
    name: "enrichments.insert",
    sql: """
      INSERT INTO enrichments
        (entity, entity_key, time_zone, form, participation, edits, profile_table, profile, request, due_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      """)

  /// Claims what is due, oldest first. Copies may call at once; each goes to one.
  ///
  /// What an earlier participation writes into a profile is written before.
  func claim(limit: Int, now: Timestamp) async throws -> [Claim] {
    try await database.write(
      Self.claim, [.timestamp(now), .timestamp(now.advanced(by: Self.hold)), .int(Int64(limit))], as: .worker
    ).map(Self.claim).sorted { $0.number < $1.number }
  }

  private static let claim = Statement(
    name: "enrichments.claim",
    sql: """
      UPDATE enrichments
      SET due_at = $2, attempts = attempts + 1
      WHERE number IN (
        SELECT number
        FROM enrichments AS one
        WHERE due_at <= $1
          AND NOT EXISTS (
            SELECT
            FROM enrichments AS earlier
            WHERE earlier.profile_table = one.profile_table AND earlier.profile = one.profile
              AND earlier.number < one.number)
        ORDER BY due_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED)
      RETURNING number, entity, entity_key, time_zone, form, participation, edits, round, attempts, request
      """)

  private static func claim(_ row: Row) throws -> Claim {
    try Claim(
      number: row.int(0),
      scope: Principal.Entity(id: row.int(1), key: row.text(2), timeZone: row.text(3)), form: row.text(4),
      participation: row.int(5), edits: Int32(row.int(6)), round: row.int(7), attempt: row.int(8),
      request: InternalV1.WriteProfileRequest(decoding: row.bytes(9)))
  }

  /// Forgets one that Profiles has answered.
  func settle(_ claim: Claim) async throws {
    try await database.write(Self.settle, [.int(claim.number)], as: .worker)
  }

  private static let settle = Statement(
    name: "enrichments.settle", sql: "DELETE FROM enrichments WHERE number = $1")

  /// Puts another request in its place, and has it sent at once.
  func replace(_ claim: Claim, with request: InternalV1.WriteProfileRequest, now: Timestamp) async throws {
    try await database.write(
      Self.replace,
      [.int(claim.number), .int(claim.round), .bytes(request.encoded()), .timestamp(now)], as: .worker)
  }

  private static let replace = Statement(
    name: "enrichments.replace",
    sql: """
      UPDATE enrichments
      SET request = $3, round = round + 1, due_at = $4
      WHERE number = $1 AND round = $2
      """)

  /// Has it sent again later, unless another has claimed it since.
  func postpone(_ claim: Claim, to time: Timestamp) async throws {
    try await database.write(
      Self.postpone, [.int(claim.number), .int(claim.attempt), .timestamp(time)], as: .worker)
  }

  private static let postpone = Statement(
    name: "enrichments.postpone", sql: "UPDATE enrichments SET due_at = $3 WHERE number = $1 AND attempts = $2")
}
