internal import Database
internal import Logging
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Begins the executions of scenarios that dates of profiles begin, each at its hour in the profile's zone.
///
/// One copy at a time does it. At each hour at which something may be due, and every ten minutes, it asks Profiles for the
/// profiles whose date falls on one of the few days that are today somewhere, and begins for those whose hour has come.
/// What it begins it notes in the same transaction, and how far it has come when all have begun: a copy that dies is
/// followed by one that looks at the same profiles again and begins the rest.
struct DatePlanner: Sendable {
  static let lease = Lease(name: "dates")
  /// How many profiles are asked for at once.
  private static let page = 10_000
  /// How many executions begin in one transaction.
  private static let batch = 500
  /// How long Profiles may take to look through a table.
  private static let patience = Duration.seconds(60)
  private static let pause = Duration.seconds(1)
  /// The pause behind a look that did not succeed.
  private static let longPause = Duration.seconds(10)

  let plans: DatePlanStore
  let versions: VersionCache
  let profiles: Peer
  let time: any TimeSource
  let logger: Logger
  /// How long it goes without a look: whoever's date or zone is set on the day itself is seen by then.
  var longestBreak = Duration.seconds(600)

  /// Runs until the task is cancelled.
  func run(fence: Int64) async throws {
    while true {
      let isWell = try await workOnce(fence: fence)
      try await time.sleep(for: isWell ? Self.pause : Self.longPause)
    }
  }

  /// Looks at each scenario that there is something to look for.
  ///
  /// - Returns: false when one of them could not be looked at.
  @discardableResult
  func workOnce(fence: Int64) async throws -> Bool {
    let now = time.now
    var isWell = true
    for plan in try await plans.due(now: now) {
      do {
        try await bring(plan, to: now, fence)
      } catch let error as RPCError where !Task.isCancelled {
        logger.warning(
          "dates could not be looked at", error: error, metadata: ["scenario": "\(plan.scenario)"])
        isWell = false
      }
    }
    return isWell
  }

  /// Begins what is due of one scenario by `now`.
  private func bring(_ plan: DatePlan, to now: Timestamp, _ fence: Int64) async throws {
    guard let version = try await versions.version(plan.version, of: plan.scenario),
      case .date(let trigger) = version.definition.trigger?.kind
    else { return }
    let rule = DateRule(trigger)
    let window = DateWindow(
      now: now, activatedAt: plan.activatedAt, plannedUntil: plan.plannedUntil, reach: longestBreak)
    var calendar = DateCalendar(rule: rule, window: window, zone: version.timeZone)
    var last: UInt32 = 0
    while true {
      let page = try await find(rule, window, version, after: last)
      let due = page.flatMap { calendar.due($0) }
      for start in stride(from: 0, to: due.count, by: Self.batch) {
        let some = Array(due[start..<min(start + Self.batch, due.count)])
        // Changed or paused meanwhile: the next look sees it as it is then.
        guard try await begin(some, on: version, plan, now, fence) else { return }
      }
      guard page.count == Self.page, let end = page.last else { break }
      last = end.id
    }
    let next = calendar.nextHour.map { min($0, now.advanced(by: longestBreak)) } ?? now.advanced(by: longestBreak)
    try await plans.database.transaction(as: .worker) { transaction in
      try await Self.lease.check(fence, in: transaction)
      try await DatePlanStore.advance(plan, until: now, next: next, in: transaction)
    }
  }

  private func find(
    _ rule: DateRule, _ window: DateWindow, _ version: ScenarioVersion, after last: UInt32
  ) async throws -> [InternalV1.DatedProfile] {
    var request = InternalV1.FindProfilesByDateRequest()
    request.profileTable = version.definition.profileTable
    request.attribute = rule.attribute
    let type = version.subjects.type(of: ScenarioSubjects.profile(rule.attribute))
    request.days = rule.askedDays(beginningOn: window.days, isTimestamp: type == .timestamp)
    request.after = last
    request.limit = Int32(Self.page)
    return try await profiles.call(
      InternalV1.ProfileDirectoryService.findProfilesByDate, request, entity: version.scope,
      onBehalfOf: "scenarios/\(version.scenario)", deadline: Deadline(in: Self.patience)
    ).profiles
  }

  /// - Returns: false when the scenario is no longer what it was.
  private func begin(
    _ due: [DueDate], on version: ScenarioVersion, _ plan: DatePlan, _ now: Timestamp, _ fence: Int64
  ) async throws -> Bool {
    try await plans.database.transaction(as: .worker) { transaction in
      try await Self.lease.check(fence, in: transaction)
      // In the order in which the follower of Profiles takes them.
      try await transaction.execute(Tombstones.ofExecutions.share, [.int(plan.profileTable)])
      guard try await DatePlanStore.hold(plan, in: transaction) else { return false }
      let noted = try await OccurrenceStore.note(
        due.map { ($0.profile, $0.occurrence.key) }, of: plan, entity: version.entity, in: transaction)
      _ = try await ExecutionStore.begin(
        noted.map { due[$0].execution }, on: version, profileTable: plan.profileTable, now: now, in: transaction)
      return true
    }
  }
}

/// A profile's date whose hour has come.
struct DueDate: Sendable, Hashable {
  let profile: Int64
  let occurrence: DateRule.Occurrence

  /// What begins with it.
  var execution: NewExecution {
    var values = [DateRule.dateValue: TypeV1.Value(.dateValue(occurrence.date.message))]
    if let years = occurrence.years { values[DateRule.yearsValue] = TypeV1.Value(.int64Value(Int64(years))) }
    return NewExecution(profile: profile, cause: "date/\(profile)/\(occurrence.key)", values: values)
  }
}
