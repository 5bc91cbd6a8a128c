internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Keeps scenarios and every version of their definitions.
struct ScenarioStore: Sendable {
  let database: Database
  private let entities: EntityRoles

  init(database: Database, schema: SchemaConnection) {
    self.database = database
    self.entities = EntityRoles(schema: schema)
  }

  /// Makes the role of an entity, unless there is one.
  func ensureRole(of entity: Int64) async throws {
    try await entities.ensure(entity)
  }

  // MARK: - Reading

  /// The scenario of an id, or nil where the entity has none.
  func find(_ id: String, entity: Int64) async throws -> ScenarioRecord? {
    try await entities.ensure(entity)
    return try await database.read(Self.byID, [.int(entity), .text(id)], as: .entity(entity)).first.map(Self.record)
  }

  private static let byID = Statement(
    name: "scenarios.find",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE s.entity = $1 AND s.id = $2
      """)

  /// The scenario that a name lies in, when the caller has a right there.
  func require(
    _ match: ResourceMatch, right: OptionsV1.Right, call: Call
  ) async throws -> ScenarioRecord {
    let entity = try call.access.require(right, of: .automation, for: match.name)
    guard let scenario = try await find(match.id("scenario"), entity: entity) else {
      throw RPCError.notFound(match.name)
    }
    return scenario
  }

  /// Scenarios of one entity by id, behind `after`.
  func list(entity: Int64, after: String, limit: Int) async throws -> [ScenarioRecord] {
    try await entities.ensure(entity)
    return try await database.read(
      Self.inOrder, [.int(entity), .text(after), .int(Int64(limit))], as: .entity(entity)
    ).map(Self.record)
  }

  private static let inOrder = Statement(
    name: "scenarios.list",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE s.entity = $1 AND s.id > $2 COLLATE "C"
      ORDER BY s.id COLLATE "C"
      LIMIT $3
      """)

  /// One version of a scenario, whatever its entity; nil when the scenario is gone.
  func version(_ version: Int64, of scenario: Int64) async throws -> ScenarioVersion? {
    try await database.read(Self.byVersion, [.int(scenario), .int(version)], as: .worker)
      .first.map { try ScenarioVersion($0) }
  }

  private static let byVersion = Statement(
    name: "scenarios.version",
    sql: """
      SELECT \(ScenarioVersion.columns)
      FROM scenario_versions AS v
      WHERE v.scenario = $1 AND v.version = $2
      """)

  private static let columns =
    "s.number, s.profile_table, s.state, s.created_at, s.updated_at, \(ScenarioVersion.columns)"

  private static let tables = """
    scenarios AS s
      JOIN scenario_versions AS v ON v.scenario = s.number AND v.version = s.version
    """

  private static func record(_ row: Row) throws -> ScenarioRecord {
    ScenarioRecord(
      number: try row.int(0), profileTable: try row.int(1),
      state: AutomationV1.ScenarioState(rawValue: Int32(try row.int(2))),
      version: try ScenarioVersion(row, from: 5), createdAt: try row.timestamp(3), updatedAt: try row.timestamp(4))
  }

  // MARK: - Creating

  /// Creates a scenario of a checked definition, as a draft.
  ///
  /// - Returns: nil when the entity has a scenario of this id, whatever its case.
  func create(
    _ definition: AutomationV1.Scenario, id: String, entity: Principal.Entity, _ facts: ScenarioFacts, now: Timestamp
  ) async throws -> ScenarioRecord? {
    try await entities.ensure(entity.id)
    let subjects = facts.subjects.stored
    let rows = try await database.write(
      Self.insert,
      [
        .int(entity.id), .text(id), .int(facts.profileTable),
        .int(Int64(AutomationV1.ScenarioState.draft.rawValue)), .optional(facts.table), .optional(facts.form),
        .bool(definition.beginsOnUpdate), .bool(definition.beginsInBulk), .timestamp(now),
        .bytes(try definition.encoded()), .textArray(subjects.names), .intArray(subjects.numbers),
        .text(entity.timeZone), .optional(facts.date),
      ], as: .entity(entity.id))
    return rows.isEmpty ? nil : try await find(id, entity: entity.id)
  }

  private static let insert = Statement(
    name: "scenarios.insert",
    sql: """
      WITH made AS (
        INSERT INTO scenarios
          (entity, id, profile_table, state, trigger_table, trigger_form, on_update, bulk, created_at, updated_at,
            trigger_date)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $14)
        ON CONFLICT (entity, lower(id)) DO NOTHING
        RETURNING entity, number, version
      )
      INSERT INTO scenario_versions (entity, scenario, version, definition, subjects, subject_types, time_zone)
      SELECT entity, number, version, $10, $11, $12, $13
      FROM made
      RETURNING scenario
      """)

  // MARK: - Changing

  /// Gives a scenario another version.
  ///
  /// - Returns: nil when it is no longer the version that the change was made from, or gone.
  func replace(
    _ old: ScenarioRecord, with definition: AutomationV1.Scenario, entity: Principal.Entity, _ facts: ScenarioFacts,
    now: Timestamp
  ) async throws -> ScenarioRecord? {
    let subjects = facts.subjects.stored
    let rows = try await database.write(
      Self.addVersion,
      [
        .int(old.number), .int(old.version.version), .optional(facts.table), .optional(facts.form),
        .bool(definition.beginsOnUpdate), .bool(definition.beginsInBulk), .timestamp(now),
        .bytes(try definition.encoded()), .textArray(subjects.names), .intArray(subjects.numbers),
        .text(entity.timeZone), .optional(facts.date),
      ], as: .entity(old.entity))
    guard !rows.isEmpty else { return nil }
    return try await database.read(Self.byNumber, [.int(old.number)], as: .entity(old.entity)).first.map(Self.record)
  }

  private static let addVersion = Statement(
    name: "scenarios.replace",
    sql: """
      WITH changed AS (
        UPDATE scenarios
        SET version = version + 1, trigger_table = $3, trigger_form = $4, on_update = $5, bulk = $6, updated_at = $7,
          trigger_date = $12
        WHERE number = $1 AND version = $2
        RETURNING entity, number, version
      )
      INSERT INTO scenario_versions (entity, scenario, version, definition, subjects, subject_types, time_zone)
      SELECT entity, number, version, $8, $9, $10, $11
      FROM changed
      RETURNING scenario
      """)

  private static let byNumber = Statement(
    name: "scenarios.by_number",
    sql: """
      SELECT \(columns)
      FROM \(tables)
      WHERE s.number = $1
      """)

  /// Lets triggers begin executions, or stops them from it. A scenario that stands there already is left as it is.
  ///
  /// - Returns: nil when it is gone.
  func set(
    _ state: AutomationV1.ScenarioState, of scenario: ScenarioRecord, now: Timestamp
  ) async throws -> ScenarioRecord? {
    let role = DatabaseRole.entity(scenario.entity)
    try await database.write(
      Self.setState,
      [
        .int(scenario.number), .int(Int64(state.rawValue)), .timestamp(now),
        .int(Int64(AutomationV1.ScenarioState.active.rawValue)),
      ], as: role)
    return try await database.read(Self.byNumber, [.int(scenario.number)], as: role).first.map(Self.record)
  }

  private static let setState = Statement(
    name: "scenarios.set_state",
    sql: """
      UPDATE scenarios
      SET state = $2, updated_at = $3, activated_at = CASE WHEN $2 = $4 THEN $3 ELSE activated_at END
      WHERE number = $1 AND state <> $2
      """)

  /// Deletes a scenario that is not active. Nobody finds its executions any more; ``DeletedScenarios`` deletes them.
  ///
  /// - Returns: whether it was deleted.
  func delete(_ scenario: ScenarioRecord, now: Timestamp) async throws -> Bool {
    let rows = try await database.write(
      Self.delete,
      [.int(scenario.number), .int(Int64(AutomationV1.ScenarioState.active.rawValue)), .timestamp(now)],
      as: .entity(scenario.entity))
    return !rows.isEmpty
  }

  private static let delete = Statement(
    name: "scenarios.delete",
    sql: """
      WITH gone AS (
        DELETE FROM scenarios
        WHERE number = $1 AND state <> $2
        RETURNING number, entity
      )
      INSERT INTO deleted_scenarios (scenario, entity, deleted_at)
      SELECT number, entity, $3
      FROM gone
      RETURNING scenario
      """)
}

extension AutomationV1.Scenario {
  fileprivate var rowTrigger: AutomationV1.RowTrigger? {
    if case .row(let trigger) = trigger?.kind { trigger } else { nil }
  }

  fileprivate var beginsOnUpdate: Bool { rowTrigger?.onUpdate ?? false }
  fileprivate var beginsInBulk: Bool { rowTrigger?.bulk ?? false }
}
