internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers the calls about single messages: sending, previews, lists; and what other services ask.
struct MessageHandlers: Sendable {
  /// The most bytes of a call's values.
  private static let mostBytesOfValues = 65_536

  let campaigns: CampaignStore
  let messages: MessageStore
  let profiles: ProfileDirectory
  let reader: RecipientReader
  let refusals: RefusalStore
  let links: Links
  let work: SendingWakeUp
  let pages: PageTokens
  let time: any TimeSource

  func register(on router: inout Router) {
    router.handle(MessagingV1.MessagingService.previewCampaign) { try await preview($0, $1) }
    router.handle(MessagingV1.MessagingService.sendMessage) { try await send($0, $1) }
    router.handle(MessagingV1.MessagingService.listMessages) { try await list($0, $1) }
    router.handle(InternalV1.MessageDirectoryService.describeCampaign) { try await describe($0, $1) }
    router.handle(InternalV1.MessageDirectoryService.sendCampaign) { try await sendCampaign($0, $1) }
  }

  // MARK: - Clients

  private func preview(
    _ request: MessagingV1.PreviewCampaignRequest, _ call: Call
  ) async throws -> MessagingV1.PreviewCampaignResponse {
    let campaign = try await campaigns.require(request.name, right: .read, call)
    try Self.check(request.values)
    // It shows what the profile holds.
    let (table, profile) = try await find(request.profile, field: "profile", for: campaign, call)
    let contents = try CampaignContents(campaign.message)
    try CampaignChecker.requireReading(contents.needs, of: table, call)
    let found = try await reader.read(
      [profile], of: table, needs: contents.needs, entity: try call.access.scope(of: campaign.entity.id),
      deadline: call.deadline)
    guard let recipient = found[profile] else { throw RPCError.notFound(try ResourceName(request.profile)) }
    let renderer = MessageRenderer(campaign: campaign, contents: contents, links: links)
    let rendered: RenderedMessage
    do {
      rendered = try renderer.render(for: recipient, message: nil, values: request.values, tracking: .none)
    } catch {
      throw RPCError(
        .failedPrecondition, "The content cannot be rendered for this profile. \(error.explanation)",
        reason: "CONTENT_NOT_RENDERED", resource: campaign.message.name)
    }
    var response = MessagingV1.PreviewCampaignResponse()
    response.language = rendered.language
    response.subject = rendered.subject
    response.html = rendered.html
    response.text = rendered.text
    response.notSentReason = try await refusals.reason(for: recipient, in: campaign, now: time.now) ?? .unspecified
    return response
  }

  private func send(_ request: MessagingV1.SendMessageRequest, _ call: Call) async throws -> MessagingV1.Message {
    let campaign = try await campaigns.require(request.parent, field: "parent", right: .write, call)
    let once = try Once(request, id: request.requestId, call: call, entity: campaign.entity.id)
    let (_, profile) = try await find(request.profile, field: "profile", for: campaign, call)
    return try await create(campaign, profile, request.values, once) { $0 }
  }

  private func list(
    _ request: MessagingV1.ListMessagesRequest, _ call: Call
  ) async throws -> MessagingV1.ListMessagesResponse {
    let campaign = try await campaigns.require(request.parent, field: "parent", right: .read, call)
    var filter = MessageStore.Filter(state: request.state)
    if !request.profile.isEmpty {
      filter.profile = Int64(try await find(request.profile, field: "profile", for: campaign, call).profile)
    }
    let page = try Page(
      of: .init(method: call.path, parent: request.parent, filter: "\(filter.state.rawValue)|\(request.profile)"),
      size: request.pageSize, token: request.pageToken, tokens: pages)
    let found = try await messages.list(of: campaign, filter, after: page.number ?? 0, limit: page.size + 1)
    var response = MessagingV1.ListMessagesResponse()
    response.messages = found.prefix(page.size).map(\.message)
    if found.count > page.size { response.nextPageToken = try page.next(number: found[page.size - 1].id) }
    return response
  }

  // MARK: - Other services

  private func describe(
    _ request: InternalV1.DescribeCampaignRequest, _ call: Call
  ) async throws -> InternalV1.DescribeCampaignResponse {
    var response = InternalV1.DescribeCampaignResponse()
    response.campaign = try await require(request.name, field: "name", call).message
    return response
  }

  private func sendCampaign(
    _ request: InternalV1.SendCampaignRequest, _ call: Call
  ) async throws -> InternalV1.SendCampaignResponse {
    let campaign = try await require(request.campaign, field: "campaign", call)
    guard request.profile != 0 else { throw RPCError.invalid("profile", "It is missing. Send a profile's number.") }
    guard !request.requestId.isEmpty else { throw RPCError.invalid("request_id", "It is missing. Send one.") }
    let once = try Once(request, id: request.requestId, call: call, entity: campaign.entity.id)
    return try await create(campaign, request.profile, request.values, once) { message in
      var response = InternalV1.SendCampaignResponse()
      response.message = message.name
      return response
    }
  }

  /// The campaign of a name, for a service that acts for its entity.
  private func require(_ text: String, field: String, _ call: Call) async throws -> CampaignRecord {
    let match = try name(text, as: MessagingNames.campaign, field: field)
    guard let entity = try call.access.entity(named: match.id("entity")),
      let campaign = try await campaigns.find(match.id("campaign"), entity: entity)
    else { throw RPCError.notFound(match.name) }
    return campaign
  }

  // MARK: - Steps

  private func create<Request, Reply: Message>(
    _ campaign: CampaignRecord, _ profile: UInt32, _ values: [String: TypeV1.Value], _ once: Once<Request>,
    _ reply: @Sendable (MessagingV1.Message) -> Reply
  ) async throws -> Reply {
    guard campaign.message.kind != .mass else { throw RPCError.campaignIsMass(campaign.message.name) }
    try Self.check(values)
    let answer = try await messages.create(
      in: campaign, profile: profile, values: values, once: once, now: time.now, reply: reply)
    try await work.notify()
    return answer
  }

  private static func check(_ values: [String: TypeV1.Value]) throws {
    for (id, value) in values.sorted(by: { $0.key < $1.key }) {
      if let problem = GivenValue.problem(of: value) { throw RPCError.invalid("values.\(id)", problem) }
    }
    if let size = try MessageStore.kept(values)?.count, size > mostBytesOfValues {
      throw RPCError.invalid("values", "They have more than \(mostBytesOfValues) bytes. Send less.")
    }
  }

  /// The number of the profile that a name means, which must be of the campaign's table.
  private func find(
    _ text: String, field: String, for campaign: CampaignRecord, _ call: Call
  ) async throws -> (table: ProfileTableShape, profile: UInt32) {
    let match = try name(text, as: MessagingNames.profile, field: field)
    _ = try call.access.require(.read, of: .profiles, for: match.name)
    guard match.name.parent?.description == campaign.message.profileTable else {
      throw RPCError.invalid(field, "It is of another table. Name a profile of \(campaign.message.profileTable).")
    }
    let entity = try call.access.scope(of: campaign.entity.id)
    let table = try await profiles.describe(campaign.message.profileTable, entity: entity, deadline: call.deadline)
    let (attribute, key) = try Self.key(match, of: table, zone: Zone(entity.timeZone) ?? .utc, field: field)
    let number = try await profiles.resolve(
      key, by: attribute, in: campaign.message.profileTable, entity: entity, deadline: call.deadline)
    guard number != 0 else { throw RPCError.notFound(match.name) }
    return (table, number)
  }

  private static func key(
    _ match: ResourceMatch, of table: ProfileTableShape, zone: Zone, field: String
  ) throws(RPCError) -> (attribute: String, key: TypeV1.Value) {
    guard case .key(let id, let text) = match["profile"] else {
      guard let number = match["profile"].number else { throw .notFound(match.name) }
      return ("", TypeV1.Value(.int64Value(number)))
    }
    guard let type = table.type(of: id) else {
      throw .invalid(field, "“\(id)” is no unique attribute of the table. Name one that is.")
    }
    do throws(FieldProblem) {
      let value = try FieldReader(zone: zone).read(
        cell: Array(text.utf8)[...], for: FieldDefinition(id: id, number: 0, type: type))
      return (id, value.message ?? .init())
    } catch {
      throw .invalid(field, "The key: \(error.explanation)")
    }
  }
}
