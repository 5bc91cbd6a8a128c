internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables

/// Takes profiles that are gone out of their scenarios.
struct ExecutionForgetting: ProfileForgetting {
  let neighbours: Neighbours
  let database: Database
  let requests: RequestLedger
  let time: any TimeSource

  func forget(_ gone: GoneProfiles, in transaction: Transaction) async throws {
    let profiles = gone.numbers ?? [0]
    try await ExecutionStore.leave(profiles, of: gone.profileTable, now: time.now, in: transaction)
    try await OccurrenceStore.forget(profiles, of: gone.profileTable, in: transaction)
    try await requests.forget(
      profiles: profiles.map { UInt32(clamping: $0) }, of: gone.profileTable, in: transaction)
    if gone.numbers == nil {
      try await transaction.execute(
        Self.pause, [.int(gone.profileTable), .int(Int64(AutomationV1.ScenarioState.paused.rawValue))])
    }
  }

  private static let pause = Statement(
    name: "scenarios.pause_of_profile_table", sql: "UPDATE scenarios SET state = $2 WHERE profile_table = $1")

  // MARK: - After a gap

  /// The most profiles that are asked for at once.
  private static let batch = 1_000

  func places() async throws -> [Place] {
    try await database.read(Self.tables, [], as: .worker).map { row in
      Place(profileTable: try row.int(0), version: try ScenarioVersion(row, from: 1))
    }
  }

  private static let tables = Statement(
    name: "rebuild.profile_tables",
    sql: """
      SELECT DISTINCT ON (s.profile_table) s.profile_table, \(ScenarioVersion.columns)
      FROM scenarios AS s
        JOIN scenario_versions AS v ON v.scenario = s.number AND v.version = s.version
      ORDER BY s.profile_table
      """)

  func profiles(in place: Place, behind last: Int64) async throws -> [Int64] {
    let parameters: [SQLValue] = [.int(place.profileTable), .int(last), .int(Int64(Self.batch))]
    return try await database.read(Self.profiles, parameters, as: .worker).map { try $0.int(0) }
  }

  private static let profiles = Statement(
    name: "rebuild.profiles",
    sql: """
      SELECT profile
      FROM executions
      WHERE profile_table = $1 AND profile > $2 AND ended_at IS NULL
      UNION
      SELECT o.profile
      FROM occurrences AS o
        JOIN scenarios AS s ON s.number = o.scenario
      WHERE s.profile_table = $1 AND o.profile > $2
      ORDER BY profile
      LIMIT $3
      """)

  func resolve(_ keys: [TypeV1.Value], in place: Place) async throws -> [UInt32] {
    var request = InternalV1.ResolveProfilesRequest()
    request.profileTable = place.version.definition.profileTable
    request.keys = keys
    return try await neighbours.profiles.call(
      InternalV1.ProfileDirectoryService.resolveProfiles, request, entity: place.version.scope
    ).ids
  }
}

extension ExecutionForgetting {
  /// A profile table, and a scenario of it.
  struct Place: ProfilePlace {
    let profileTable: Int64
    let version: ScenarioVersion

    var entity: Int64 { version.entity }
  }
}

extension Tombstones {
  /// Those that whoever begins executions heeds.
  static let ofExecutions = Tombstones(lockSpace: 7_201)
}
