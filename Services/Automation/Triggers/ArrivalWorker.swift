internal import Database
internal import Logging
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Looks at what arrived, and begins the executions that follow from it. Any number of copies share the work.
struct ArrivalWorker: Sendable {
  private static let batch = 500
  /// The longest until it looks again, when nothing wakes it.
  private static let pause = Duration.milliseconds(500)

  let store: ArrivalStore
  let versions: VersionCache
  let neighbours: Neighbours
  let time: any TimeSource
  let logger: Logger

  /// Runs until the task is cancelled.
  func run(_ waker: Waker) async throws {
    while true {
      if try await workOnce() < Self.batch { try await waker.wait(atMost: Self.pause, time: time) }
    }
  }

  /// Takes a batch of arrivals, and settles each or leaves it for later.
  ///
  /// - Returns: how many there were.
  @discardableResult
  func workOnce() async throws -> Int {
    let due = try await store.claimDue(limit: Self.batch, now: time.now)
    let groups = Dictionary(grouping: due) { Group(scenario: $0.scenario, version: $0.version) }
    for (group, arrivals) in groups.sorted(by: { $0.key.scenario < $1.key.scenario }) {
      guard let version = try await versions.version(group.version, of: group.scenario) else { continue }
      try await settle(arrivals.sorted { $0.number < $1.number }, on: version)
    }
    return due.count
  }

  private struct Group: Hashable {
    let scenario: Int64
    let version: Int64
  }

  private func settle(_ arrivals: [Arrival], on version: ScenarioVersion) async throws {
    var settled: [Arrival] = []
    var beginning: [Int64: NewExecution] = [:]
    var waiting: [Arrival] = []
    for (arrival, answer) in try await look(arrivals, version) {
      switch answer {
      case .begins(let values):
        settled.append(arrival)
        beginning[arrival.number] = NewExecution(profile: arrival.profile, cause: arrival.cause, values: values)
      case .beginsNothing: settled.append(arrival)
      case .notNow: waiting.append(arrival)
      }
    }
    if let first = settled.first {
      let (looked, new) = (settled, beginning)
      try await store.database.transaction(as: .worker) { transaction in
        let own = try await ArrivalStore.settle(looked, in: transaction)
        let begin = looked.filter { own.contains($0.number) }.compactMap { new[$0.number] }
        _ = try await ExecutionStore.begin(
          begin, on: version, profileTable: first.profileTable, now: time.now, in: transaction)
      }
    }
    for (attempts, some) in Dictionary(grouping: waiting, by: \.attempts) {
      try await store.postpone(some, until: time.now.advanced(by: RetryRules.pause(after: attempts)))
    }
  }

  // MARK: - Looking

  private enum Answer: Sendable {
    case begins([String: TypeV1.Value])
    case beginsNothing
    case notNow
  }

  private func look(_ arrivals: [Arrival], _ version: ScenarioVersion) async throws -> [(Arrival, Answer)] {
    switch version.definition.trigger?.kind {
    case .row(let trigger): try await look(atRows: arrivals, trigger, version)
    case .participation: try await look(atParticipations: arrivals, version)
    case .call, .date, nil: arrivals.map { ($0, .beginsNothing) }
    }
  }

  private func look(
    atRows arrivals: [Arrival], _ trigger: AutomationV1.RowTrigger, _ version: ScenarioVersion
  ) async throws -> [(Arrival, Answer)] {
    var request = InternalV1.ReadRowsRequest()
    request.table = trigger.table
    request.numbers = Array(Set(arrivals.compactMap { Int64($0.subject) })).sorted()
    let rows: [TablesV1.Row]
    do {
      rows = try await Neighbours.require(neighbours.tables, .dataTables).call(
        InternalV1.TableDirectoryService.readRows, request, entity: version.scope
      ).rows
    } catch let error as RPCError {
      return arrivals.map { ($0, answer(to: error)) }
    }
    let byNumber = Dictionary(
      rows.map { ($0.name.split(separator: "/").last.map(String.init) ?? "", $0) },
      uniquingKeysWith: { first, _ in first })
    let moment = version.moment(time.now)
    return arrivals.map { arrival in
      guard let row = byNumber[arrival.subject], trigger.lets(row.values, through: version.subjects, at: moment) else {
        return (arrival, .beginsNothing)
      }
      return (arrival, .begins(row.values))
    }
  }

  private func look(
    atParticipations arrivals: [Arrival], _ version: ScenarioVersion
  ) async throws -> [(Arrival, Answer)] {
    try await withThrowingTaskGroup { group in
      for arrival in arrivals { group.addTask { (arrival, try await look(atParticipation: arrival, version)) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  private func look(atParticipation arrival: Arrival, _ version: ScenarioVersion) async throws -> Answer {
    var request = InternalV1.ReadParticipationRequest()
    request.name = arrival.subject
    do {
      let participation = try await Neighbours.require(neighbours.forms, .forms).call(
        InternalV1.FormDirectoryService.readParticipation, request, entity: version.scope
      ).participation
      // One that was made anonymous meanwhile was its profile's no more.
      guard let participation, !participation.profile.isEmpty else { return .beginsNothing }
      return .begins(participation.answers)
    } catch let error as RPCError {
      return answer(to: error)
    }
  }

  /// What is gone begins nothing; a peer that is away is asked again.
  private func answer(to error: RPCError) -> Answer {
    if error.isPassing { return .notNow }
    if error.code != .notFound { logger.error("what arrived could not be looked at", error: error) }
    return .beginsNothing
  }
}

extension AutomationV1.RowTrigger {
  /// Whether a row meets all of the conditions.
  func lets(
    _ values: [String: TypeV1.Value], through subjects: ScenarioSubjects, at moment: Condition.Moment
  ) -> Bool {
    `where`.allSatisfy { condition in
      let type = subjects.type(of: ScenarioSubjects.trigger(condition.column))
      return Condition(comparison: condition.comparison ?? .init(), type: type)
        .holds(for: values[condition.column], at: moment)
    }
  }
}
