internal import Crypto
internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers the calls about executions.
struct ExecutionHandlers: Sendable {
  /// The most values of one call.
  private static let mostValues = 200

  let scenarios: ScenarioStore
  let store: ExecutionStore
  let profiles: Peer
  let pages: PageTokens
  let requests: RequestLedger
  let time: any TimeSource
  let randomness: any Randomness

  func register(on router: inout Router) {
    router.handle(AutomationV1.ScenarioService.startExecution) { try await start($0, $1) }
    router.handle(AutomationV1.ScenarioService.getExecution) { try await get($0, $1) }
    router.handle(AutomationV1.ScenarioService.listExecutions) { try await list($0, $1) }
  }

  // MARK: - Starting

  private func start(
    _ request: AutomationV1.StartExecutionRequest, _ call: Call
  ) async throws -> AutomationV1.Execution {
    let parent = try name(request.parent, as: AutomationNames.scenario, field: "parent")
    let scenario = try await scenarios.require(parent, right: .write, call: call)
    let profile = try name(request.profile, as: AutomationNames.profile, field: "profile")
    try check(request, profile, for: scenario)
    var key = try RequestLedger.Key(request.requestId, of: call, entity: scenario.entity)
    let cause = cause(key)
    let entity = try call.access.scope(of: scenario.entity)
    let number = try await find(profile, request, cause: cause, entity, call)
    key.profileTable = scenario.profileTable
    key.profile = number
    let new = NewExecution(profile: Int64(number), cause: cause, values: request.values)
    let kept = key
    return try await store.database.transaction(as: .entity(scenario.entity)) { transaction in
      try await requests.once(kept, request, in: transaction) {
        let begun = try await ExecutionStore.begin(
          [new], on: scenario.version, profileTable: scenario.profileTable, now: time.now, in: transaction)
        guard let execution = begun.first else { throw RPCError.alreadyInScenario(request.parent) }
        return execution.message(of: request.parent, scenario.version.definition.profileTable, steps: [])
      }
    }
  }

  private func check(
    _ request: AutomationV1.StartExecutionRequest, _ profile: ResourceMatch, for scenario: ScenarioRecord
  ) throws {
    guard case .call = scenario.version.definition.trigger?.kind else {
      throw RPCError.scenarioBeginsOtherwise(request.parent)
    }
    guard scenario.state == .active else { throw RPCError.scenarioIsNotActive(request.parent) }
    guard profile.name.parent?.description == scenario.version.definition.profileTable else {
      throw RPCError.invalid("profile", "It is not of the scenario's profile table. Name one that is.")
    }
    guard request.values.count <= Self.mostValues else {
      throw RPCError.invalid("values", "There are more than \(Self.mostValues) values. Send fewer.")
    }
    for (id, value) in request.values.sorted(by: { $0.key < $1.key }) {
      if let problem = TechnicalName.problem(ofField: id) { throw RPCError.invalid("values", problem) }
      if let problem = GivenValue.problem(of: value) { throw RPCError.invalid("values.\(id)", problem) }
    }
    guard try TriggerValues.stored(request.values).count <= TriggerValues.largest else {
      throw RPCError.invalid("values", "The values have more than 256 KiB together. Send less.")
    }
  }

  /// What tells this call from others: the same for a repeat with the same request id.
  private func cause(_ key: RequestLedger.Key) -> String {
    let text = "\(key.caller)\n\(key.requestID)"
    let bytes = key.requestID.isEmpty ? randomness.bytes(24) : Array(SHA256.hash(data: Array(text.utf8)))
    return "call-\(Base64URL.encode(bytes))"
  }

  /// The number of the profile, which is written or created first where the call says so.
  ///
  /// The write's request id follows from the call's, so that a repeat of a call that broke off here writes nothing twice.
  private func find(
    _ profile: ResourceMatch, _ request: AutomationV1.StartExecutionRequest, cause: String, _ entity: Principal.Entity,
    _ call: Call
  ) async throws -> UInt32 {
    if let number = profile["profile"].number, request.fields.isEmpty {
      var read = InternalV1.ReadProfilesRequest()
      read.profileTable = profile.name.parent?.description ?? ""
      read.ids = [UInt32(clamping: number)]
      let found = try await profiles.call(
        InternalV1.ProfileDirectoryService.readProfiles, read, entity: entity, deadline: call.deadline)
      guard !found.profiles.isEmpty, let id = UInt32(exactly: number) else { throw RPCError.notFound(profile.name) }
      return id
    }
    _ = try call.access.require(.write, of: .profiles, for: profile.name)
    var write = InternalV1.WriteProfileRequest()
    var sent = ProfilesV1.Profile()
    sent.name = request.profile
    sent.fields = request.fields
    write.profile = sent
    write.createMissing = profile["profile"].number == nil
    write.provenance = .scenario(request.parent)
    write.requestId = cause
    do {
      return try await profiles.call(
        InternalV1.ProfileDirectoryService.writeProfile, write, entity: entity, deadline: call.deadline
      ).id
    } catch let error as RPCError {
      throw error.aboutCall
    }
  }

  // MARK: - Reading

  private func get(_ request: AutomationV1.GetExecutionRequest, _ call: Call) async throws -> AutomationV1.Execution {
    let match = try name(request.name, as: AutomationNames.execution, field: "name")
    guard let parent = match.name.parent else { throw RPCError.notFound(match.name) }
    let entity = try call.access.require(.read, of: .automation, for: match.name)
    guard let scenario = try await scenarios.find(match.id("scenario"), entity: entity),
      let number = match["execution"].number, let execution = try await store.find(number, of: scenario)
    else { throw RPCError.notFound(match.name) }
    let steps = try await store.steps(of: [number], entity: entity)
    return execution.message(
      of: parent.description, scenario.version.definition.profileTable, steps: steps[number] ?? [])
  }

  private func list(
    _ request: AutomationV1.ListExecutionsRequest, _ call: Call
  ) async throws -> AutomationV1.ListExecutionsResponse {
    let parent = try name(request.parent, as: AutomationNames.scenario, field: "parent")
    let scenario = try await scenarios.require(parent, right: .read, call: call)
    let page = try Page(
      of: .init(method: call.path, parent: request.parent, filter: request.profile), size: request.pageSize,
      token: request.pageToken, tokens: pages)
    let found = try await store.list(
      of: scenario, profile: profile(request.profile, of: scenario), before: page.number, limit: page.size + 1)
    let shown = found.prefix(page.size)
    let steps = try await store.steps(of: shown.map(\.number), entity: scenario.entity)
    var response = AutomationV1.ListExecutionsResponse()
    response.executions = shown.map {
      $0.message(
        of: request.parent, scenario.version.definition.profileTable, steps: steps[$0.number] ?? [])
    }
    if found.count > page.size, let last = shown.last { response.nextPageToken = try page.next(number: last.number) }
    return response
  }

  /// Nil: of all.
  private func profile(_ text: String, of scenario: ScenarioRecord) throws(RPCError) -> Int64? {
    if text.isEmpty { return nil }
    let match = try name(text, as: AutomationNames.profile, field: "profile")
    guard match.name.parent?.description == scenario.version.definition.profileTable else {
      throw .invalid("profile", "It is not of the scenario's profile table. Name one that is.")
    }
    guard let number = match["profile"].number else {
      throw .invalid("profile", "It does not end in a profile's number. End it in one.")
    }
    return number
  }
}

extension RPCError {
  /// What Profiles says of the write, with the paths of the call that asked for it.
  fileprivate var aboutCall: RPCError {
    if fieldViolations.isEmpty { return self }
    let violations = fieldViolations.map { violation in
      FieldViolation(field: violation.field.withoutProfile, description: violation.description)
    }
    return RPCError(code, message.withoutProfile, reason: reason, fieldViolations: violations, resource: resource)
  }
}

extension String {
  fileprivate var withoutProfile: String {
    split(separator: "profile.fields.", omittingEmptySubsequences: false).joined(separator: "fields.")
      .split(separator: "profile.name", omittingEmptySubsequences: false).joined(separator: "profile")
  }
}
