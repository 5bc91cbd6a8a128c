internal import Database
internal import Messages
internal import Populations
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers the calls about targetings.
struct TargetingHandlers: Sendable {
  let store: TargetingStore
  let tables: ProfileTableStore
  let profiles: ProfileStore
  let evaluator: TargetingEvaluator
  let listed: ListedPopulations
  let exports: ExportGate
  let pages: PageTokens

  func register(on router: inout Router) {
    router.handle(TargetingV1.TargetingService.createTargeting) { try await create($0, $1) }
    router.handle(TargetingV1.TargetingService.getTargeting) { try await get($0, $1) }
    router.handle(TargetingV1.TargetingService.listTargetings) { try await list($0, $1) }
    router.handle(TargetingV1.TargetingService.updateTargeting) { try await update($0, $1) }
    router.handle(TargetingV1.TargetingService.deleteTargeting) { try await delete($0, $1) }
    router.handle(TargetingV1.TargetingService.countTargeting) { try await count($0, $1) }
    router.handle(TargetingV1.TargetingService.listTargetedProfiles) { try await listProfiles($0, $1) }
    router.handle(TargetingV1.TargetingService.exportTargeting) { try await export($0, $1, $2) }
    router.handle(InternalV1.TargetingDirectoryService.describeTargeting) { try await describe($0, $1) }
    router.handle(InternalV1.TargetingDirectoryService.evaluateTargeting) { try await evaluate($0, $1) }
  }

  // MARK: - Definitions

  private func create(
    _ request: TargetingV1.CreateTargetingRequest, _ call: Call
  ) async throws -> TargetingV1.Targeting {
    let parent = try name(request.parent, as: ProfileNames.entity, field: "parent")
    _ = try call.access.require(.write, of: .targeting, for: parent.name)
    if let problem = TechnicalName.problem(ofResource: request.targetingId) {
      throw RPCError.invalid("targeting_id", problem)
    }
    var targeting = request.targeting ?? .init()
    targeting.name = "\(parent)/targetings/\(request.targetingId)"
    let table = try await table(of: targeting, in: parent, call)
    let bases = try await check(targeting, of: table, call)
    let written = try await store.create(targeting.kept, id: request.targetingId, of: table, bases: bases)
    return try message(written, id: request.targetingId)
  }

  private func get(_ request: TargetingV1.GetTargetingRequest, _ call: Call) async throws -> TargetingV1.Targeting {
    let match = try name(request.name, as: ProfileNames.targeting, field: "name")
    return try await require(match, right: .read, call).message
  }

  private func list(
    _ request: TargetingV1.ListTargetingsRequest, _ call: Call
  ) async throws -> TargetingV1.ListTargetingsResponse {
    let parent = try name(request.parent, as: ProfileNames.tableParent, field: "parent")
    let page = try Page(
      of: .init(method: call.path, parent: request.parent), size: request.pageSize, token: request.pageToken,
      tokens: pages)
    let found = try await page.read(call.access.readable(parent.name, of: .targeting), name: \.message.name) {
      try await store.list(entity: $0.id, after: $1, limit: $2)
    }
    var response = TargetingV1.ListTargetingsResponse()
    response.targetings = found.resources.map(\.message)
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func update(
    _ request: TargetingV1.UpdateTargetingRequest, _ call: Call
  ) async throws -> TargetingV1.Targeting {
    let sent = request.targeting ?? .init()
    let match = try name(sent.name, as: ProfileNames.targeting, field: "targeting.name")
    let mask = try FieldMask(request.updateMask, updatable: ["display_name", "criterion", "limit"])
    let parent = ProfileNames.entity.name([match["entity"]])
    let old = try await require(match, right: .write, call)
    guard sent.profileTable.isEmpty || sent.profileTable == old.message.profileTable else {
      throw RPCError.invalid("targeting.profile_table", "It never changes. Create another targeting.")
    }
    var new = old.message
    if mask.includes("display_name", isSet: !sent.displayName.isEmpty) { new.displayName = sent.displayName }
    if mask.includes("criterion", isSet: sent.criterion != nil) { new.criterion = sent.criterion }
    if mask.includes("limit", isSet: sent.limit != nil) { new.limit = sent.limit }
    let table = try await table(of: new, in: name("\(parent)", as: ProfileNames.entity, field: "targeting.name"), call)
    let bases = try await check(new, of: table, call)
    return try message(await store.replace(old, by: new.kept, bases: bases), id: old.id)
  }

  private func delete(
    _ request: TargetingV1.DeleteTargetingRequest, _ call: Call
  ) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: ProfileNames.targeting, field: "name")
    let entity = try call.access.require(.write, of: .targeting, for: match.name)
    switch try await store.delete(match.id("targeting"), entity: entity) {
    case .deleted: return GoogleProtobuf.Empty()
    case .isBase(let other): throw RPCError.targetingIsBase(request.name, of: other)
    case .notFound: throw RPCError.notFound(match.name)
    }
  }

  private func message(_ written: TargetingStore.Written, id: String) throws(RPCError) -> TargetingV1.Targeting {
    switch written {
    case .written(let targeting): return targeting.message
    case .exists: throw .targetingExists(id)
    case .changedMeanwhile, .baseIsGone: throw .targetingChangedMeanwhile
    case .isCircular: throw .invalid("targeting.criterion", "The targeting would be built on itself. Name others.")
    }
  }

  private func require(
    _ match: ResourceMatch, right: OptionsV1.Right, _ call: Call
  ) async throws -> TargetingDefinition {
    let entity = try call.access.require(right, of: .targeting, for: match.name)
    guard let targeting = try await store.find(match.id("targeting"), entity: entity) else {
      throw RPCError.notFound(match.name)
    }
    return targeting
  }

  // MARK: - Drafts

  /// The table whose profiles a draft picks, when the caller may read it.
  private func table(
    of targeting: TargetingV1.Targeting, in parent: ResourceMatch, _ call: Call
  ) async throws -> ProfileTableDefinition {
    let match = try name(targeting.profileTable, as: ProfileNames.table, field: "targeting.profile_table")
    let table = try await tables.require(match, right: .read, call: call)
    guard match["entity"] == parent["entity"] else {
      throw RPCError.invalid("targeting.profile_table", "It is of another entity. Name a table of the same.")
    }
    return table
  }

  /// Checks a draft as a whole, by evaluating it; gives the ids of the targetings that it is built on.
  private func check(
    _ targeting: TargetingV1.Targeting, of table: ProfileTableDefinition, _ call: Call
  ) async throws -> Set<String> {
    let plan = try await plan(draft: targeting, of: table, call)
    _ = try await evaluator.evaluate(plan, in: setting(table, call))
    let names = plan.parts.last?.tree.targetings.map(\.name) ?? []
    return try Set(names.map { try ProfileNames.targeting.match($0).id("targeting") })
  }

  private func plan(
    draft targeting: TargetingV1.Targeting, of table: ProfileTableDefinition, _ call: Call
  ) async throws -> TargetingPlan {
    do throws(FieldFault) {
      try TargetingRules.check(targeting, of: table)
    } catch { throw TargetingPlan.Origin.draft.refusal(error) }
    let plan = try await plan(targeting, origin: .draft, entity: table.entity, call)
    // A count tells what a column holds: whoever may not read the tables learns nothing of them by criteria either.
    if plan.parts.contains(where: \.tree.asksForRows) {
      let match = try name(targeting.profileTable, as: ProfileNames.table, field: "targeting.profile_table")
      _ = try call.access.require(.read, of: .tables, for: match.name)
    }
    return plan
  }

  private func plan(
    _ targeting: TargetingV1.Targeting, origin: TargetingPlan.Origin, entity: Int64, _ call: Call
  ) async throws -> TargetingPlan {
    let access = try call.access
    return try await TargetingPlan(targeting, origin: origin) { text in
      // One of another entity is of another profile table, so it is no base.
      guard let match = try? ProfileNames.targeting.match(text),
        access.entity(named: match.id("entity")) == entity
      else { return nil }
      return try await store.find(match.id("targeting"), entity: entity)?.message
    }
  }

  private func setting(_ table: ProfileTableDefinition, _ call: Call) throws -> TargetingEvaluator.Setting {
    TargetingEvaluator.Setting(
      table: table, scope: try call.access.scope(of: table.entity), deadline: call.deadline)
  }

  // MARK: - Populations

  /// Who is in a saved targeting now.
  private func evaluation(
    of targeting: TargetingDefinition, _ call: Call
  ) async throws -> (TargetingEvaluator.Evaluation, ProfileTableDefinition) {
    let match = try name(targeting.message.profileTable, as: ProfileNames.table, field: "name")
    guard let table = try await tables.find(match.id("table"), entity: targeting.entity) else {
      throw RPCError.notFound(match.name)
    }
    let plan = try await plan(
      targeting.message, origin: .saved(targeting.message.name), entity: targeting.entity, call)
    return (try await evaluator.evaluate(plan, in: setting(table, call)), table)
  }

  private func count(
    _ request: TargetingV1.CountTargetingRequest, _ call: Call
  ) async throws -> TargetingV1.CountTargetingResponse {
    let parent = try name(request.parent, as: ProfileNames.entity, field: "parent")
    _ = try call.access.require(.read, of: .targeting, for: parent.name)
    let evaluation: TargetingEvaluator.Evaluation
    switch request.population {
    case .name(let text):
      let match = try name(text, as: ProfileNames.targeting, field: "name")
      let targeting = try await require(match, right: .read, call)
      guard match["entity"] == parent["entity"] else {
        throw RPCError.invalid("name", "It is not of the entity of `parent`. Name one of that entity.")
      }
      evaluation = try await self.evaluation(of: targeting, call).0
    case .targeting(let targeting):
      let table = try await table(of: targeting, in: parent, call)
      evaluation = try await evaluator.evaluate(
        plan(draft: targeting, of: table, call), in: setting(table, call))
    case nil: throw RPCError.invalid("population", "It is not set. Set `name` or `targeting`.")
    }
    var response = TargetingV1.CountTargetingResponse()
    response.count = Int64(evaluation.population.count)
    response.criteria = evaluation.counts.map { place, count in
      var part = TargetingV1.CriterionCount()
      part.path = place
      part.count = Int64(count)
      return part
    }
    response.readTime = evaluation.readTime.message
    return response
  }

  private func listProfiles(
    _ request: TargetingV1.ListTargetedProfilesRequest, _ call: Call
  ) async throws -> TargetingV1.ListTargetedProfilesResponse {
    let match = try name(request.parent, as: ProfileNames.targeting, field: "parent")
    let targeting = try await require(match, right: .read, call)
    let page = try Page(
      of: .init(method: call.path, parent: request.parent), size: request.pageSize, token: request.pageToken,
      tokens: pages)
    var response = TargetingV1.ListTargetedProfilesResponse()
    if let position = page.position.flatMap(ListPosition.init) {
      guard let population = try await listed.find(position.population, of: targeting) else {
        throw RPCError.listExpired
      }
      let ids = population.ids(after: position.behind, limit: page.size)
      response.profiles = targeting.profileNames(ids)
      if let last = ids.last, last != population.last {
        response.nextPageToken = try page.next(ListPosition(population: position.population, behind: last).bytes)
      }
      return response
    }
    let population = try await evaluation(of: targeting, call).0.population
    let ids = population.ids(limit: page.size)
    response.profiles = targeting.profileNames(ids)
    if let last = ids.last, last != population.last {
      let number = try await listed.keep(population, of: targeting)
      response.nextPageToken = try page.next(ListPosition(population: number, behind: last).bytes)
    }
    return response
  }

  private func export(
    _ request: TargetingV1.ExportTargetingRequest, _ writer: ResponseWriter<TargetingV1.ExportTargetingResponse>,
    _ call: Call
  ) async throws {
    let match = try name(request.parent, as: ProfileNames.targeting, field: "parent")
    let targeting = try await require(match, right: .export, call)
    // What leaves is profiles: who may not take them out by their table may not by a targeting either.
    _ = try call.access.require(.export, of: .profiles, for: match.name)
    let (evaluation, table) = try await evaluation(of: targeting, call)
    let fields = try table.fields(named: request.fields)
    try await exports.run { chunk in
      var response = TargetingV1.ExportTargetingResponse()
      response.chunk = chunk
      try await writer.send(response)
    } _: { send in
      try await profiles.export(fields, of: table, evaluation.population, send)
    }
  }

  // MARK: - For other services

  private func find(_ text: String, _ call: Call) async throws -> TargetingDefinition {
    let match = try name(text, as: ProfileNames.targeting, field: "name")
    guard let entity = try call.access.entity(named: match.id("entity")),
      let targeting = try await store.find(match.id("targeting"), entity: entity)
    else { throw RPCError.notFound(match.name) }
    return targeting
  }

  private func describe(
    _ request: InternalV1.DescribeTargetingRequest, _ call: Call
  ) async throws -> InternalV1.DescribeTargetingResponse {
    var response = InternalV1.DescribeTargetingResponse()
    response.profileTable = try await find(request.name, call).message.profileTable
    return response
  }

  private func evaluate(
    _ request: InternalV1.EvaluateTargetingRequest, _ call: Call
  ) async throws -> InternalV1.EvaluateTargetingResponse {
    let targeting = try await find(request.name, call)
    var response = InternalV1.EvaluateTargetingResponse()
    response.profiles = try await evaluation(of: targeting, call).0.population.message
    response.profileTable = targeting.message.profileTable
    return response
  }
}

extension TargetingV1.Targeting {
  /// As it is kept: what the store adds is left out.
  fileprivate var kept: TargetingV1.Targeting {
    var kept = self
    (kept.version, kept.createTime, kept.updateTime) = (0, nil, nil)
    return kept
  }
}

extension TargetingDefinition {
  fileprivate func profileNames(_ ids: [UInt32]) -> [String] {
    ids.map { "\(message.profileTable)/profiles/\($0)" }
  }
}

/// Where a page of a targeting's profiles starts.
private struct ListPosition {
  /// The number of the population that is listed.
  let population: Int64
  /// The profile behind which the page starts.
  let behind: UInt32

  init(population: Int64, behind: UInt32) {
    self.population = population
    self.behind = behind
  }

  init?(_ bytes: [UInt8]) {
    guard bytes.count == 16, let population = Int64(bigEndianBytes: Array(bytes[..<8])),
      let behind = Int64(bigEndianBytes: Array(bytes[8...])).flatMap(UInt32.init(exactly:))
    else { return nil }
    self.init(population: population, behind: behind)
  }

  var bytes: [UInt8] { population.bigEndianBytes + Int64(behind).bigEndianBytes }
}
