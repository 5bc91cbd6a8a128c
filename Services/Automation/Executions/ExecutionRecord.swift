internal import Database
internal import Messages
internal import UserTables
internal import Values

/// One profile's way through a scenario, as it is stored.
struct ExecutionRecord: Sendable {
  let number: Int64
  let scenario: Int64
  let version: Int64
  let profile: Int64
  let state: AutomationV1.ExecutionState
  /// Where it stands, or where it ended.
  let step: String
  /// Steps taken.
  let taken: Int64
  /// The trigger's.
  let values: [String: TypeV1.Value]
  let createdAt: Timestamp
  let wakeAt: Timestamp?
  let endedAt: Timestamp?
  let error: String
  /// Tries of the present step that found a peer away, and since when.
  let attempts: Int64
  let triedSince: Timestamp?
  /// Of the copy that took it on last.
  let fence: Int64

  static let columns = """
    e.number, e.scenario, e.version, e.profile, e.state, e.step, e.taken, e.trigger_values, e.created_at, e.wake_at,
      e.ended_at, e.error, e.attempts, e.tried_since, e.fence
    """

  /// - Parameter first: the place of the first of ``columns``.
  init(_ row: Row, from first: Int = 0) throws {
    number = try row.int(first)
    scenario = try row.int(first + 1)
    version = try row.int(first + 2)
    profile = try row.int(first + 3)
    state = AutomationV1.ExecutionState(rawValue: Int32(try row.int(first + 4)))
    step = try row.text(first + 5)
    taken = try row.int(first + 6)
    values = try row.optionalBytes(first + 7).map { try TriggerValues.read($0) } ?? [:]
    createdAt = try row.timestamp(first + 8)
    wakeAt = try row.optionalTimestamp(first + 9)
    endedAt = try row.optionalTimestamp(first + 10)
    error = try row.optionalText(first + 11) ?? ""
    attempts = try row.int(first + 12)
    triedSince = try row.optionalTimestamp(first + 13)
    fence = try row.int(first + 14)
  }

  /// Says, to the services that it acts on, which step of which execution acts: a repeat has no second effect.
  ///
  /// The time of its beginning tells it from another of the same number, after a restore of an older backup.
  var requestID: String { "execution-\(number)-\(createdAt.microsecondsSinceEpoch)-\(taken + 1)" }

  /// On behalf of what it acts.
  var onBehalfOf: String { "scenarios/\(scenario)/executions/\(number)" }

  /// As callers see it.
  ///
  /// - Parameters:
  ///   - scenario: by name.
  ///   - profileTable: by name.
  func message(of scenario: String, _ profileTable: String, steps: [AutomationV1.StepRecord]) -> AutomationV1.Execution
  {
    var message = AutomationV1.Execution()
    message.name = "\(scenario)/executions/\(number)"
    message.profile = "\(profileTable)/profiles/\(profile)"
    message.state = state
    message.step = step
    message.version = version
    message.steps = steps
    message.createTime = createdAt.message
    message.dueTime = state == .waiting ? wakeAt?.message : nil
    message.endTime = endedAt?.message
    message.error = error
    return message
  }
}

/// The trigger's values as they are stored: the map of a StartExecutionRequest.
enum TriggerValues {
  /// The most that one execution keeps, in bytes.
  static let largest = 256 * 1024

  static func stored(_ values: [String: TypeV1.Value]) throws -> [UInt8] {
    var carrier = AutomationV1.StartExecutionRequest()
    carrier.values = values
    return try carrier.encoded()
  }

  static func read(_ bytes: [UInt8]) throws -> [String: TypeV1.Value] {
    try AutomationV1.StartExecutionRequest(decoding: bytes).values
  }
}
