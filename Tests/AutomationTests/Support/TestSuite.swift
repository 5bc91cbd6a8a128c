import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables
import Values

@testable import Automation

/// Automation as its callers see it: on its own database, behind its own server, with the other services' directories at
/// its side. Its callers' principals are signed as the gateway signs them.
struct TestSuite: ServiceSuite {
  static let customers = "entities/b2c/profileTables/customers"
  static let companies = "entities/b2b/profileTables/companies"

  let stage: TestStage
  let neighbours: NeighboursDouble
  let client: RPCClient
  let rooms: Rooms

  /// Starts it for one test, with the story's tables, form and campaign.
  static func with(profiles: UInt32 = 20, _ body: (TestSuite) async throws -> Void) async throws {
    try await TestStage.with(.automation, migrations: AutomationMigrations.all) { stage in
      let double = NeighboursDouble()
      double.addStory(profiles: profiles)
      let identity = try stage.identity
      func peer(_ service: ServiceName) async throws -> Peer {
        Peer(
          service: service, client: try await stage.start(service, double.router).client, identity: identity,
          patience: Neighbours.patience)
      }
      let neighbours = Neighbours(
        profiles: try await peer(.profiles), tables: try await peer(.dataTables), forms: try await peer(.forms),
        messaging: try await peer(.messaging))
      let rooms = rooms(stage, stage.test.database, neighbours)
      let own = try await stage.start(.automation, rooms.router)
      try await body(TestSuite(stage: stage, neighbours: double, client: own.client, rooms: rooms))
    }
  }

  private static func rooms(_ stage: TestStage, _ database: Database, _ neighbours: Neighbours) -> Rooms {
    Rooms(
      database: database, scenarios: ScenarioStore(database: database, schema: stage.test.schemaConnection()),
      neighbours: neighbours, pages: stage.pages, requests: stage.requests, time: stage.time,
      randomness: SystemRandomness(), logger: .quiet)
  }

  /// Another copy of the service on the same database; gives it to `body`.
  func withAnotherCopy(_ body: (Rooms) async throws -> Void) async throws {
    let database = try await test.anotherClient()
    let outcome = await attempt { try await body(Self.rooms(stage, database, rooms.neighbours)) }
    await database.shutdown()
    try outcome.get()
  }

  // MARK: - Frequent calls

  /// Creates a scenario and activates it.
  @discardableResult
  func activate(_ id: String = "test", _ scenario: AutomationV1.Scenario) async throws -> AutomationV1.Scenario {
    _ = try await create(id, scenario)
    return try await call(AutomationV1.ScenarioService.activateScenario) { $0.name = "entities/b2c/scenarios/\(id)" }
  }

  func create(
    _ id: String = "test", _ scenario: AutomationV1.Scenario, as caller: Caller = .writer([b2c])
  ) async throws -> AutomationV1.Scenario {
    try await call(AutomationV1.ScenarioService.createScenario, as: caller) { request in
      request.parent = "entities/b2c"
      request.scenarioId = id
      request.scenario = scenario
    }
  }

  func creationRefusal(_ scenario: AutomationV1.Scenario, as caller: Caller = .writer([b2c])) async throws -> Refusal {
    try await refusal(AutomationV1.ScenarioService.createScenario, as: caller) { request in
      request.parent = "entities/b2c"
      request.scenarioId = "refused"
      request.scenario = scenario
    }
  }

  @discardableResult
  func start(
    _ id: String = "test", profile: String = "1", requestID: String = "", values: [String: TypeV1.Value] = [:]
  ) async throws -> AutomationV1.Execution {
    try await call(AutomationV1.ScenarioService.startExecution) { request in
      request.parent = "entities/b2c/scenarios/\(id)"
      request.profile = "\(Self.customers)/profiles/\(profile)"
      request.requestId = requestID
      request.values = values
    }
  }

  /// All executions of a scenario, oldest first.
  func executions(_ id: String = "test") async throws -> [AutomationV1.Execution] {
    try await call(AutomationV1.ScenarioService.listExecutions) { request in
      request.parent = "entities/b2c/scenarios/\(id)"
      request.pageSize = 1_000
    }.executions.reversed()
  }

  // MARK: - Dates

  /// Gives a profile fields.
  func set(_ profile: UInt32, _ fields: [String: TypeV1.Value]) {
    neighbours.with { $0.profiles[Self.customers, default: [:]][profile, default: [:]].merge(fields) { $1 } }
  }

  func set(_ profile: UInt32, born date: String, zone: String? = nil) throws {
    set(profile, ["birthDate": try .date(date), "zone": zone.map(TypeV1.Value.text) ?? .null])
  }

  /// Looks at the dates as the copy does that may, at the present or another time, and moves all that is due.
  func plan(at time: String? = nil) async throws {
    if let time { self.time.jump(to: try Timestamp(parsing: time)) }
    let fence = try #require(try await DatePlanner.lease.acquire(holder: "test", in: test.database))
    #expect(try await rooms.datePlanner.workOnce(fence: fence))
    try await work()
  }

  /// The profiles whose executions began, in their order.
  func begun(_ id: String = "test") async throws -> [UInt32] {
    try await executions(id).compactMap { $0.profile.split(separator: "/").last.flatMap { UInt32($0) } }
  }

  // MARK: - Moving on

  /// Looks at all that arrived and moves all executions that are due.
  func work() async throws {
    while try await rooms.arrivalWorker.workOnce() > 0 {}
    while try await rooms.executionWorker.workOnce() > 0 {}
  }

  /// Lets a log's events take effect, as the follower does: in the worker's role.
  func follow(_ effect: any LogEffect, _ messages: [any Message], at position: Int64 = 1) async throws {
    let events = try messages.enumerated().map { index, message in
      var event = InternalV1.LogEvent()
      event.type = type(of: message).descriptor.name
      event.body = try message.encoded()
      event.entity = Self.b2c.id
      event.profileTable = 7
      event.position = position + Int64(index)
      event.time = time.now.message
      return event
    }
    try await test.database.transaction(as: .worker) { try await effect.apply(events, in: $0) }
  }

  func follow(rows: [(Int64, UInt32)], created: Bool = true, bulk: Bool = false, at position: Int64 = 1) async throws {
    var changed = InternalV1.RowsChanged()
    changed.customTable = 31
    changed.rows = rows.map(\.0)
    changed.profiles = rows.map(\.1)
    changed.created = created
    changed.bulk = bulk
    try await follow(RowFollower(time: time), [changed], at: position)
  }

  func follow(participation: String, of profile: UInt32, created: Bool = true) async throws {
    var recorded = InternalV1.ParticipationRecorded()
    recorded.participation = participation
    recorded.profile = profile
    recorded.created = created
    try await follow(ParticipationFollower(time: time), [recorded])
  }

  /// Adds copies of the first execution.
  func multiplyExecutions(by count: Int) async throws {
    try await test.database.write(
      Statement(
        name: "test.multiply",
        sql: """
          INSERT INTO executions
            (entity, scenario, version, profile_table, profile, cause, state, step, created_at, wake_at)
          SELECT entity, scenario, version, profile_table, profile, 'copy/' || copy, state, step, created_at, wake_at
          FROM executions, generate_series(1, $1::bigint) AS copies (copy)
          WHERE number = 1
          """),
      [.int(Int64(count))], as: .worker)
  }

  /// As if the copy that holds them had died long ago.
  func expireLeases() async throws {
    for table in ["executions", "arrivals"] {
      try await test.database.write(
        Statement(
          name: "test.expire", sql: "UPDATE \(table) SET leased_until = '-infinity' WHERE leased_until IS NOT NULL"),
        [], as: .worker)
    }
  }
}
