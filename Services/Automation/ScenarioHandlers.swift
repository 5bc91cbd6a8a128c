internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about scenarios.
struct ScenarioHandlers: Sendable {
  let store: ScenarioStore
  let references: ScenarioReferences
  let pages: PageTokens
  let time: any TimeSource

  func register(on router: inout Router) {
    router.handle(AutomationV1.ScenarioService.createScenario) { try await create($0, $1) }
    router.handle(AutomationV1.ScenarioService.getScenario) { try await get($0, $1) }
    router.handle(AutomationV1.ScenarioService.listScenarios) { try await list($0, $1) }
    router.handle(AutomationV1.ScenarioService.updateScenario) { try await update($0, $1) }
    router.handle(AutomationV1.ScenarioService.deleteScenario) { try await delete($0, $1) }
    router.handle(AutomationV1.ScenarioService.activateScenario) { try await activate($0, $1) }
    router.handle(AutomationV1.ScenarioService.pauseScenario) { try await pause($0, $1) }
  }

  private func create(
    _ request: AutomationV1.CreateScenarioRequest, _ call: Call
  ) async throws -> AutomationV1.Scenario {
    let parent = try name(request.parent, as: AutomationNames.entity, field: "parent")
    let entity = try call.access.scope(of: call.access.require(.write, of: .automation, for: parent.name))
    if let problem = TechnicalName.problem(ofResource: request.scenarioId) {
      throw RPCError.invalid("scenario_id", problem)
    }
    var scenario = (request.scenario ?? .init()).withoutOutput
    scenario.name = "\(parent)/scenarios/\(request.scenarioId)"
    let facts = try await check(scenario, entity, call)
    let created = try await store.create(
      scenario, id: request.scenarioId, entity: entity, facts, now: time.now)
    guard let created else { throw RPCError.scenarioExists(request.scenarioId) }
    return created.message
  }

  private func get(_ request: AutomationV1.GetScenarioRequest, _ call: Call) async throws -> AutomationV1.Scenario {
    let match = try name(request.name, as: AutomationNames.scenario, field: "name")
    return try await store.require(match, right: .read, call: call).message
  }

  private func list(
    _ request: AutomationV1.ListScenariosRequest, _ call: Call
  ) async throws -> AutomationV1.ListScenariosResponse {
    let parent = try name(request.parent, as: AutomationNames.scenarioParent, field: "parent")
    let page = try Page(
      of: .init(method: call.path, parent: request.parent), size: request.pageSize, token: request.pageToken,
      tokens: pages)
    let found = try await page.read(call.access.readable(parent.name, of: .automation), name: \.message.name) {
      try await store.list(entity: $0.id, after: $1, limit: $2)
    }
    var response = AutomationV1.ListScenariosResponse()
    response.scenarios = found.resources.map(\.message)
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func update(
    _ request: AutomationV1.UpdateScenarioRequest, _ call: Call
  ) async throws -> AutomationV1.Scenario {
    let sent = request.scenario ?? .init()
    let match = try name(sent.name, as: AutomationNames.scenario, field: "scenario.name")
    let mask = try FieldMask(request.updateMask, updatable: ["display_name", "trigger", "steps", "reentry"])
    let old = try await store.require(match, right: .write, call: call)
    let new = old.version.definition.replacing(sent, mask)
    let entity = try call.access.scope(of: old.entity)
    let facts = try await check(new, entity, call)
    guard let updated = try await store.replace(old, with: new, entity: entity, facts, now: time.now) else {
      throw RPCError.changedMeanwhile
    }
    return updated.message
  }

  private func delete(
    _ request: AutomationV1.DeleteScenarioRequest, _ call: Call
  ) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: AutomationNames.scenario, field: "name")
    let scenario = try await store.require(match, right: .write, call: call)
    guard try await store.delete(scenario, now: time.now) else { throw RPCError.scenarioIsActive(request.name) }
    return GoogleProtobuf.Empty()
  }

  // MARK: - States

  /// What the definition names may have gone since it was written, so it is looked up once more.
  private func activate(
    _ request: AutomationV1.ActivateScenarioRequest, _ call: Call
  ) async throws -> AutomationV1.Scenario {
    let match = try name(request.name, as: AutomationNames.scenario, field: "name")
    let scenario = try await store.require(match, right: .launch, call: call)
    _ = try await check(scenario.version.definition, call.access.scope(of: scenario.entity), call)
    return try await set(.active, scenario, match)
  }

  private func pause(
    _ request: AutomationV1.PauseScenarioRequest, _ call: Call
  ) async throws -> AutomationV1.Scenario {
    let match = try name(request.name, as: AutomationNames.scenario, field: "name")
    return try await set(.paused, store.require(match, right: .launch, call: call), match)
  }

  private func set(
    _ state: AutomationV1.ScenarioState, _ scenario: ScenarioRecord, _ match: ResourceMatch
  ) async throws -> AutomationV1.Scenario {
    guard let changed = try await store.set(state, of: scenario, now: time.now) else {
      throw RPCError.notFound(match.name)
    }
    return changed.message
  }

  private func check(
    _ scenario: AutomationV1.Scenario, _ entity: Principal.Entity, _ call: Call
  ) async throws -> ScenarioFacts {
    do throws(DefinitionFault) { try ScenarioRules.check(scenario) } catch { throw RPCError.invalid(error) }
    return try await references.check(scenario, in: entity, call: call)
  }
}

extension AutomationV1.Scenario {
  /// Without what the service says and callers do not.
  fileprivate var withoutOutput: AutomationV1.Scenario {
    var scenario = self
    scenario.state = .unspecified
    scenario.version = 0
    scenario.createTime = nil
    scenario.updateTime = nil
    return scenario
  }

  fileprivate func replacing(_ sent: AutomationV1.Scenario, _ mask: FieldMask) -> AutomationV1.Scenario {
    var new = self
    if mask.includes("display_name", isSet: !sent.displayName.isEmpty) { new.displayName = sent.displayName }
    if mask.includes("trigger", isSet: sent.trigger != nil) { new.trigger = sent.trigger }
    if mask.includes("steps", isSet: !sent.steps.isEmpty) { new.steps = sent.steps }
    if mask.includes("reentry", isSet: sent.reentry != .unspecified) { new.reentry = sent.reentry }
    return new
  }
}
