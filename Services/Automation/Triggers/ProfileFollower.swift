internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Takes profiles that are gone out of their scenarios, as Profiles tells it.
struct ProfileFollower: LogEffect {
  let neighbours: Neighbours
  let database: Database
  let requests: RequestLedger
  let time: any TimeSource

  var types: [String] { [InternalV1.ProfileDeleted.descriptor.name, InternalV1.ProfileTableDeleted.descriptor.name] }

  func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws {
    for event in events {
      switch event.type {
      case InternalV1.ProfileDeleted.descriptor.name:
        let deleted = try InternalV1.ProfileDeleted(decoding: event.body)
        try await leave(
          deleted.profiles.map(Int64.init), of: deleted.profileTable, entity: event.entity, in: transaction)
      case InternalV1.ProfileTableDeleted.descriptor.name:
        let deleted = try InternalV1.ProfileTableDeleted(decoding: event.body)
        try await leave([0], of: deleted.profileTable, entity: event.entity, in: transaction)
        try await transaction.execute(
          Self.pause, [.int(deleted.profileTable), .int(Int64(AutomationV1.ScenarioState.paused.rawValue))])
      default: break
      }
    }
  }

  /// - Parameter profiles: 0 among them: all of the profile table.
  private func leave(
    _ profiles: [Int64], of profileTable: Int64, entity: Int64, in transaction: Transaction
  ) async throws {
    let number = SQLValue.int(profileTable)
    try await transaction.execute(
      pipelined: [
        (Tombstones.own, [number]), (Tombstones.sweep, []),
        (Tombstones.insert, [.int(entity), number, .intArray(profiles)]),
      ])
    try await ExecutionStore.leave(profiles, of: profileTable, now: time.now, in: transaction)
    try await requests.forget(profiles: profiles.map { UInt32(clamping: $0) }, of: profileTable, in: transaction)
  }

  private static let pause = Statement(
    name: "scenarios.pause_of_profile_table", sql: "UPDATE scenarios SET state = $2 WHERE profile_table = $1")

  // MARK: - After a gap

  /// The most profiles that are asked for at once.
  private static let batch = 1_000

  /// Asks Profiles about every profile that is in a scenario.
  func rebuild() async throws {
    for row in try await database.read(Self.tables, [], as: .worker) {
      let version = try ScenarioVersion(row, from: 1)
      let table = try row.int(0)
      var last: Int64 = 0
      while case let known = try await profiles(of: table, behind: last), let end = known.last {
        last = end
        let gone = try await missing(known, version)
        if gone.isEmpty { continue }
        try await database.transaction(as: .worker) { transaction in
          try await leave(gone, of: table, entity: version.entity, in: transaction)
        }
      }
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

  private func profiles(of table: Int64, behind last: Int64) async throws -> [Int64] {
    try await database.read(Self.profiles, [.int(table), .int(last), .int(Int64(Self.batch))], as: .worker)
      .map { try $0.int(0) }
  }

  private static let profiles = Statement(
    name: "rebuild.profiles",
    sql: """
      SELECT DISTINCT profile
      FROM executions
      WHERE profile_table = $1 AND profile > $2 AND ended_at IS NULL
      ORDER BY profile
      LIMIT $3
      """)

  /// Those of the profiles that Profiles does not know; 0 alone, for all, when it does not know their table.
  private func missing(_ numbers: [Int64], _ version: ScenarioVersion) async throws -> [Int64] {
    var request = InternalV1.ResolveProfilesRequest()
    request.profileTable = version.definition.profileTable
    request.keys = numbers.map { TypeV1.Value(.int64Value($0)) }
    do {
      let answer = try await neighbours.profiles.call(
        InternalV1.ProfileDirectoryService.resolveProfiles, request, entity: version.scope)
      return zip(numbers, answer.ids).filter { $0.1 == 0 }.map(\.0)
    } catch let error as RPCError where error.code == .notFound {
      return [0]
    }
  }
}
