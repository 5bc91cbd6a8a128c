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
      if let cursor { (cursor.profileTable, cursor.profile) } else { try await find(match, entity, call.deadline) }
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

  /// The numbers of the profile that a name means, and of its table.
  private func find(
    _ match: ResourceMatch, _ entity: Principal.Entity, _ deadline: Deadline?
  ) async throws -> (table: Int64, profile: UInt32) {
    guard let tableName = match.name.parent else { throw RPCError.notFound(match.name) }
    let table = try await profiles.describe(
      DataTablesNames.profileTable.match(tableName), entity: entity, deadline: deadline)
    let (attribute, key) = try key(match, of: table.profileTable ?? .init(), zone: Zone(entity.timeZone) ?? .utc)
    let found = try await profiles.resolve(
      [key], by: attribute, in: tableName.description, entity: entity, deadline: deadline)
    guard found[0] != 0 else { throw RPCError.notFound(match.name) }
    return (table.number, found[0])
  }

  private func key(
    _ match: ResourceMatch, of table: ProfilesV1.ProfileTable, zone: Zone
  ) throws(RPCError) -> (attribute: String, key: TypeV1.Value) {
    guard case .key(let id, let text) = match["profile"] else {
      guard let number = match["profile"].number else { throw .notFound(match.name) }
      return ("", TypeV1.Value(.int64Value(number)))
    }
    guard let type = table.attributes.first(where: { $0.id == id }).flatMap({ FieldType($0.type) }) else {
      throw .invalid("parent", "“\(id)” is no unique attribute of the table. Name one that is.")
    }
    do throws(FieldProblem) {
      let field = FieldDefinition(id: id, number: 0, type: type)
      let value = try FieldReader(zone: zone).read(cell: Array(text.utf8)[...], for: field)
      return (id, value.message ?? .init())
    } catch {
      throw .invalid("parent", "The key: \(error.explanation)")
    }
  }
}
