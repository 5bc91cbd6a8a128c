internal import Messages
internal import Populations
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about campaigns.
struct CampaignHandlers: Sendable {
  let store: CampaignStore
  let senders: SenderStore
  let reports: CampaignReports
  let checker: CampaignChecker
  let targetings: TargetingDirectory
  let work: SendingWakeUp
  let pages: PageTokens
  let requests: RequestLedger
  let time: any TimeSource

  func register(on router: inout Router) {
    router.handle(MessagingV1.MessagingService.createCampaign) { try await create($0, $1) }
    router.handle(MessagingV1.MessagingService.getCampaign) { try await get($0, $1) }
    router.handle(MessagingV1.MessagingService.listCampaigns) { try await list($0, $1) }
    router.handle(MessagingV1.MessagingService.updateCampaign) { try await update($0, $1) }
    router.handle(MessagingV1.MessagingService.deleteCampaign) { try await delete($0, $1) }
    router.handle(MessagingV1.MessagingService.launchCampaign) { try await launch($0, $1) }
    router.handle(MessagingV1.MessagingService.pauseCampaign) { request, call in
      try await move(request.name, to: .paused, from: [.active], action: "paused", call)
    }
    router.handle(MessagingV1.MessagingService.resumeCampaign) { request, call in
      try await move(request.name, to: .active, from: [.paused], action: "resumed", call)
    }
    router.handle(MessagingV1.MessagingService.cancelCampaign) { request, call in
      try await move(request.name, to: .cancelled, from: [.draft, .active, .paused], action: "cancelled", call)
    }
    router.handle(MessagingV1.MessagingService.getCampaignReport) { try await report($0, $1) }
  }

  // MARK: - Definitions

  private func create(_ request: MessagingV1.CreateCampaignRequest, _ call: Call) async throws -> MessagingV1.Campaign {
    let parent = try name(request.parent, as: MessagingNames.entity, field: "parent")
    let entity = try call.access.scope(of: call.access.require(.write, of: .messaging, for: parent.name))
    if let problem = TechnicalName.problem(ofResource: request.campaignId) {
      throw RPCError.invalid("campaign_id", problem)
    }
    var campaign = request.campaign ?? .init()
    campaign.name = "\(parent)/campaigns/\(request.campaignId)"
    let checked = try await check(campaign, entity: entity, call)
    let created = try await store.create(
      campaign, id: request.campaignId, entity: entity, sender: checked.sender, profileTable: checked.profileTable,
      now: time.now)
    guard let created else { throw RPCError.campaignExists(request.campaignId) }
    return created.message
  }

  private func get(_ request: MessagingV1.GetCampaignRequest, _ call: Call) async throws -> MessagingV1.Campaign {
    try await store.require(request.name, right: .read, call).message
  }

  private func list(
    _ request: MessagingV1.ListCampaignsRequest, _ call: Call
  ) async throws -> MessagingV1.ListCampaignsResponse {
    let parent = try name(request.parent, as: MessagingNames.parent, field: "parent")
    let page = try Page(
      of: .init(method: call.path, parent: request.parent), size: request.pageSize, token: request.pageToken,
      tokens: pages)
    let found = try await page.read(call.access.readable(parent.name, of: .messaging), name: \.message.name) {
      try await store.list(entity: $0.id, after: $1, limit: $2)
    }
    var response = MessagingV1.ListCampaignsResponse()
    response.campaigns = found.resources.map(\.message)
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func update(_ request: MessagingV1.UpdateCampaignRequest, _ call: Call) async throws -> MessagingV1.Campaign {
    let sent = request.campaign ?? .init()
    let match = try name(sent.name, as: MessagingNames.campaign, field: "campaign.name")
    let entity = try call.access.scope(of: call.access.require(.write, of: .messaging, for: match.name))
    let mask = try FieldMask(
      request.updateMask,
      updatable: [
        "display_name", "targeting", "subscription", "sender", "default_language", "contents", "messages_per_second",
      ])
    guard let old = try await store.find(match.id("campaign"), entity: entity.id) else {
      throw RPCError.notFound(match.name)
    }
    let checked = try await check(old.message.replacing(sent, mask), entity: entity, call)
    let updated = try await store.update(match.id("campaign"), entity: entity, now: time.now) { present in
      // What was checked is what the update makes of the definition that was read; another may have come between.
      guard present.message.version == old.message.version else { throw RPCError.changedMeanwhile }
      let new = present.message.replacing(sent, mask)
      guard present.isDraft || new.isFixed(against: present.message) else {
        throw RPCError.campaignIsFixed(match.description)
      }
      return .init(campaign: new, sender: checked.sender)
    }
    guard let updated else { throw RPCError.notFound(match.name) }
    return updated.message
  }

  private func delete(
    _ request: MessagingV1.DeleteCampaignRequest, _ call: Call
  ) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: MessagingNames.campaign, field: "name")
    let entity = try call.access.require(.write, of: .messaging, for: match.name)
    let wasThere = try await store.delete(match.id("campaign"), entity: entity) { campaign in
      guard ![.active, .paused].contains(campaign.message.state) else {
        throw RPCError.campaignIsRunning(match.description)
      }
    }
    guard wasThere else { throw RPCError.notFound(match.name) }
    return GoogleProtobuf.Empty()
  }

  /// Checks a definition, and finds what it names.
  private func check(
    _ campaign: MessagingV1.Campaign, entity: Principal.Entity, _ call: Call
  ) async throws -> (sender: Int64, profileTable: Int64) {
    try CampaignRules.check(campaign)
    let field = "campaign.sender"
    let match = try name(campaign.sender, as: MessagingNames.sender, field: field)
    guard match.id("entity") == entity.key else {
      throw RPCError.invalid(field, "It is of another entity. Name a sender of the campaign's entity.")
    }
    guard let sender = try await senders.find(match.id("sender"), entity: entity) else {
      throw RPCError.notFound(match.name, field: field)
    }
    let table = try await checker.check(campaign, entity: entity, call)
    return (sender.number, table.number)
  }

  // MARK: - Running

  private func launch(_ request: MessagingV1.LaunchCampaignRequest, _ call: Call) async throws -> MessagingV1.Campaign {
    let match = try name(request.name, as: MessagingNames.campaign, field: "name")
    let campaign = try await store.require(request.name, right: .launch, call)
    let once = try Once(request, id: request.requestId, call: call, entity: campaign.entity.id)
    // What was launched before is answered, or refused, without asking again whom it would go to.
    var audience: CampaignStore.Audience?
    if campaign.isDraft {
      try await checker.requireReading(campaign.message, entity: once.scope, call)
      audience = try await self.audience(of: campaign, scope: once.scope, call)
    }
    let launched = try await store.launch(
      match.id("campaign"), name: match.name, audience: audience, once: once, requests: requests, now: time.now)
    try await work.notify()
    return launched
  }

  /// Whom a mass campaign goes to; nil for the others.
  private func audience(
    of campaign: CampaignRecord, scope: Principal.Entity, _ call: Call
  ) async throws -> CampaignStore.Audience? {
    let message = campaign.message
    guard message.contents[message.defaultLanguage] != nil else {
      throw RPCError.campaignIsIncomplete(message.name, "It has no content in its default language. Add it.")
    }
    guard message.kind == .mass else { return nil }
    guard !message.targeting.isEmpty else {
      throw RPCError.campaignIsIncomplete(message.name, "It has no targeting. Name the one that it goes to.")
    }
    let answer = try await targetings.evaluate(message.targeting, entity: scope, deadline: call.deadline)
    guard answer.profileTable == message.profileTable else {
      throw RPCError.campaignIsIncomplete(
        message.name, "Its targeting is of another profile table. Name one of \(message.profileTable).")
    }
    guard let population = try? Population(answer.profiles ?? .init()) else { throw RPCError.populationDamaged }
    return .init(population: answer.profiles ?? .init(), count: Int64(population.count))
  }

  private func move(
    _ text: String, to state: MessagingV1.CampaignState, from: Set<MessagingV1.CampaignState>, action: String,
    _ call: Call
  ) async throws -> MessagingV1.Campaign {
    let match = try name(text, as: MessagingNames.campaign, field: "name")
    let entity = try call.access.require(.launch, of: .messaging, for: match.name)
    let moved = try await store.move(
      match.id("campaign"), entity: entity, to: state, from: from, action: action, now: time.now)
    guard let moved else { throw RPCError.notFound(match.name) }
    try await work.notify()
    return moved.message
  }

  private func report(
    _ request: MessagingV1.GetCampaignReportRequest, _ call: Call
  ) async throws -> MessagingV1.CampaignReport {
    try await reports.report(on: store.require(request.name, right: .read, call), now: time.now)
  }
}

extension CampaignStore {
  /// The campaign of a name, when the caller has a right there.
  func require(
    _ text: String, field: String = "name", right: OptionsV1.Right, _ call: Call
  ) async throws -> CampaignRecord {
    let match = try name(text, as: MessagingNames.campaign, field: field)
    let entity = try call.access.require(right, of: .messaging, for: match.name)
    guard let campaign = try await find(match.id("campaign"), entity: entity) else {
      throw RPCError.notFound(match.name)
    }
    return campaign
  }
}
