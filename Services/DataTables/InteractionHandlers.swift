internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers the call about the timeline.
struct InteractionHandlers: Sendable {
  let timeline: Timeline
  let profiles: ProfileDirectory
  let pages: PageTokens

  func register(on router: inout Router) {
    router.handle(InteractionsV1.InteractionService.listInteractions) { try await list($0, $1) }
  }

  private func list(
    _ request: InteractionsV1.ListInteractionsRequest, _ call: Call
  ) async throws -> InteractionsV1.ListInteractionsResponse {
    let match = try name(request.parent, as: DataTablesNames.profile, field: "parent")
    let entity = try call.access.scope(of: call.access.require(.read, of: .interactions, for: match.name))
    let start = try moment(request.startTime, field: "start_time")
    let end = try moment(request.endTime, field: "end_time")
    let filter = "\(request.kinds.map(\.rawValue))|\(start.debugDescription)|\(end.debugDescription)"
    let page = try Page(
      of: .init(method: call.path, parent: request.parent, filter: filter), size: request.pageSize,
      token: request.pageToken, tokens: pages)
    let cursor = page.position.flatMap(TimelineCursor.init)
    let (table, profile) =
      if let cursor { (cursor.profileTable, cursor.profile) } else {
        try await profiles.find(match, field: "parent", entity: entity, deadline: call.deadline)
      }
    let query = TimelineQuery(
      profileTable: match.name.parent?.description ?? "", profileTableNumber: table, profile: profile, entity: entity,
      kinds: request.kinds, start: start, end: end, after: cursor?.place, limit: page.size, deadline: call.deadline)
    let found = try await timeline.list(query, bounds: cursor?.bounds)
    var response = InteractionsV1.ListInteractionsResponse()
    response.interactions = found.items.map(\.interaction)
    if found.hasMore, let last = found.items.last {
      let next = TimelineCursor(profileTable: table, profile: profile, place: last.place, bounds: found.bounds)
      response.nextPageToken = try page.next(next.bytes)
    }
    return response
  }
}
