internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers what the timeline asks: a profile's executions, newest first.
struct InteractionSourceHandlers: Sendable {
  /// The one list that Automation keeps.
  static let source = "automation.executions"

  let database: Database
  let scenarios: ScenarioStore

  func register(on router: inout Router) {
    router.handle(InternalV1.InteractionSourceService.listProfileInteractions) { try await list($0, $1) }
  }

  private func list(
    _ request: InternalV1.ListProfileInteractionsRequest, _ call: Call
  ) async throws -> InternalV1.ListProfileInteractionsResponse {
    let match = try name(request.profileTable, as: AutomationNames.profileTable, field: "profile_table")
    guard let entity = try call.access.entity(named: match.id("entity")) else { throw RPCError.notFound(match.name) }
    guard (1...1_001).contains(request.limit) else {
      throw RPCError.invalid("limit", "A page has 1 to 1,001 interactions. Ask for so many.")
    }
    try await scenarios.ensureRole(of: entity)
    var response = InternalV1.ListProfileInteractionsResponse()
    response.bound = request.bound.isEmpty ? try await highest(request, entity) : request.bound
    guard let bound = Int64(bigEndianBytes: response.bound) else {
      throw RPCError.invalid("bound", "It was not made here. Begin the listing again.")
    }
    guard request.kinds.isEmpty || request.kinds.contains(.execution) else { return response }
    response.interactions = try await database.read(
      Self.newestFirst, parameters(request, bound: bound), as: .entity(entity)
    ).map(item)
    return response
  }

  /// The highest number of the profile's executions: whatever begins later has a higher one.
  private func highest(
    _ request: InternalV1.ListProfileInteractionsRequest, _ entity: Int64
  ) async throws -> [UInt8] {
    let rows = try await database.read(
      Self.highest, [.int(request.profileTableNumber), .int(Int64(request.profile))], as: .entity(entity))
    return (try rows.first?.int(0) ?? 0).bigEndianBytes
  }

  // Of the profile alone: the highest of all would be sought behind whatever other entities have begun since. The offset
  // keeps PostgreSQL from seeking it there all the same.
  private static let highest = Statement(
    name: "timeline.bound",
    sql: """
      SELECT coalesce(max(number), 0)
      FROM (SELECT number FROM executions WHERE profile_table = $1 AND profile = $2 OFFSET 0) AS own
      """)

  private func parameters(
    _ request: InternalV1.ListProfileInteractionsRequest, bound: Int64
  ) throws -> [SQLValue] {
    let start = try moment(request.startTime, field: "start_time")
    let end = try moment(request.endTime, field: "end_time")
    let (place, number) = try after(request.after)
    return [
      .int(request.profileTableNumber), .int(Int64(request.profile)), .int(bound), .optional(start), .optional(end),
      .optional(place), .int(number), .int(Int64(request.limit)),
    ]
  }

  /// The place behind which the page begins: of the executions at that very time, those below a number come.
  private func after(_ position: InternalV1.InteractionPosition?) throws(RPCError) -> (Timestamp?, Int64) {
    guard let position else { return (nil, 0) }
    guard let time = try? Timestamp(microsecondsSinceEpoch: position.time) else {
      throw .invalid("after.time", "It is outside the years 1 to 9999. Send another.")
    }
    if position.source == Self.source { return (time, position.number) }
    // At the same time, sources stand in the order of their names.
    return (time, Self.source > position.source ? .max : 0)
  }

  private static let newestFirst = Statement(
    name: "timeline.executions",
    sql: """
      SELECT e.number, e.created_at, e.state, e.step, e.ended_at, v.definition
      FROM executions AS e
        JOIN scenario_versions AS v ON v.scenario = e.scenario AND v.version = e.version
      WHERE e.profile_table = $1 AND e.profile = $2 AND e.number <= $3
        AND ($4::timestamptz IS NULL OR e.created_at >= $4)
        AND ($5::timestamptz IS NULL OR e.created_at < $5)
        AND ($6::timestamptz IS NULL OR (e.created_at, e.number) < ($6, $7::bigint))
      ORDER BY e.created_at DESC, e.number DESC
      LIMIT $8
      """)

  private func item(_ row: Row) throws -> InternalV1.SourcedInteraction {
    let scenario = try AutomationV1.Scenario(decoding: row.bytes(5))
    let number = try row.int(0)
    let state = AutomationV1.ExecutionState(rawValue: Int32(try row.int(2))).word
    let id = scenario.name.split(separator: "/").last.map(String.init) ?? ""
    var interaction = InteractionsV1.Interaction()
    interaction.id = "\(Self.source)/\(number)"
    interaction.kind = .execution
    interaction.time = try row.timestamp(1).message
    interaction.resource = scenario.name
    interaction.summary = "Scenario \(scenario.displayName.isEmpty ? id : scenario.displayName): \(state)"
    interaction.values = [
      "execution": TypeV1.Value(.int64Value(number)), "state": TypeV1.Value(.stringValue(state)),
      "step": TypeV1.Value(.stringValue(try row.text(3))),
    ]
    if let ended = try row.optionalTimestamp(4) {
      interaction.values["ended"] = TypeV1.Value(.timestampValue(ended.message))
    }
    var item = InternalV1.SourcedInteraction()
    item.source = Self.source
    item.number = number
    item.interaction = interaction
    return item
  }
}

extension AutomationV1.ExecutionState {
  /// For people.
  fileprivate var word: String {
    switch self {
    case .running: "running"
    case .waiting: "waiting"
    case .completed: "completed"
    case .failed: "failed"
    case .left: "left"
    default: "unknown"
    }
  }
}
