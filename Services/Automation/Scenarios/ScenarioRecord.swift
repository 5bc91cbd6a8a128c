internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// One version of a scenario: what an execution goes by from its beginning to its end.
struct ScenarioVersion: Sendable {
  let scenario: Int64
  let entity: Int64
  let version: Int64
  let definition: AutomationV1.Scenario
  let subjects: ScenarioSubjects
  /// The entity's, by its IANA name.
  let timeZone: String

  private let places: [String: Int]

  init(
    scenario: Int64, entity: Int64, version: Int64, definition: AutomationV1.Scenario, subjects: ScenarioSubjects,
    timeZone: String
  ) {
    self.scenario = scenario
    self.entity = entity
    self.version = version
    self.definition = definition
    self.subjects = subjects
    self.timeZone = timeZone
    places = Dictionary(
      definition.steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The step of an id.
  func step(_ id: String) -> AutomationV1.Step? { places[id].map { definition.steps[$0] } }

  /// The entity as calls of other services name it.
  var scope: Principal.Entity {
    let key = (try? AutomationNames.scenario.match(definition.name).id("entity")) ?? ""
    return Principal.Entity(id: entity, key: key, timeZone: timeZone)
  }

  /// What conditions are answered by.
  func moment(_ now: Timestamp) -> Condition.Moment {
    Condition.Moment(now: now, zone: Zone(timeZone) ?? .utc)
  }

  /// The columns that ``init(_:from:)`` reads, of `scenario_versions`.
  static let columns =
    "v.scenario, v.entity, v.version, v.definition, v.subjects, v.subject_types, v.time_zone"

  /// - Parameter first: the place of the first of ``columns``.
  init(_ row: Row, from first: Int = 0) throws {
    self.init(
      scenario: try row.int(first), entity: try row.int(first + 1), version: try row.int(first + 2),
      definition: try AutomationV1.Scenario(decoding: row.bytes(first + 3)),
      subjects: ScenarioSubjects(
        names: try row.textArray(first + 4).compactMap(\.self), numbers: try row.intArray(first + 5).compactMap(\.self)),
      timeZone: try row.text(first + 6))
  }
}

/// A scenario as it stands now.
struct ScenarioRecord: Sendable {
  let number: Int64
  /// The profile table, by its number in Profiles.
  let profileTable: Int64
  let state: AutomationV1.ScenarioState
  /// The present one.
  let version: ScenarioVersion
  let createdAt: Timestamp
  let updatedAt: Timestamp

  var entity: Int64 { version.entity }

  /// As callers see it.
  var message: AutomationV1.Scenario {
    var message = version.definition
    message.state = state
    message.version = version.version
    message.createTime = createdAt.message
    message.updateTime = updatedAt.message
    return message
  }
}
