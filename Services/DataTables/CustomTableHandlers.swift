internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about custom tables.
struct CustomTableHandlers: Sendable {
  let store: CustomTableStore
  let profiles: ProfileDirectory
  let pages: PageTokens

  func register(on router: inout Router) {
    router.handle(TablesV1.TableService.createCustomTable) { try await create($0, $1) }
    router.handle(TablesV1.TableService.getCustomTable) { try await get($0, $1) }
    router.handle(TablesV1.TableService.listCustomTables) { try await list($0, $1) }
    router.handle(TablesV1.TableService.updateCustomTable) { try await update($0, $1) }
    router.handle(TablesV1.TableService.deleteCustomTable) { try await delete($0, $1) }
  }

  private func create(_ request: TablesV1.CreateCustomTableRequest, _ call: Call) async throws -> TablesV1.CustomTable {
    let parent = try name(request.parent, as: DataTablesNames.entity, field: "parent")
    let entity = try call.access.require(.write, of: .tables, for: parent.name)
    if let problem = TechnicalName.problem(ofResource: request.customTableId) {
      throw RPCError.invalid("custom_table_id", problem)
    }
    var table = request.customTable ?? .init()
    table.name = "\(parent)/customTables/\(request.customTableId)"
    do {
      try CustomTableRules.check(table)
      let owner = try await owner(of: table, entity: entity, call)
      let links = try links(of: table, entity: parent["entity"])
      guard
        let created = try await store.create(
          table, id: request.customTableId, entity: entity, owner: owner, links: links)
      else { throw RPCError.tableExists(request.customTableId) }
      return created.message
    } catch let fault as DefinitionFault { throw RPCError.invalid(fault) }
  }

  private func get(_ request: TablesV1.GetCustomTableRequest, _ call: Call) async throws -> TablesV1.CustomTable {
    let match = try name(request.name, as: DataTablesNames.table, field: "name")
    return try await store.require(match, right: .read, call: call).message
  }

  private func list(
    _ request: TablesV1.ListCustomTablesRequest, _ call: Call
  ) async throws -> TablesV1.ListCustomTablesResponse {
    let parent = try name(request.parent, as: DataTablesNames.tableParent, field: "parent")
    let page = try Page(
      of: .init(method: call.path, parent: request.parent), size: request.pageSize, token: request.pageToken,
      tokens: pages)
    let found = try await page.read(call.access.readable(parent.name, of: .tables), name: \.message.name) {
      try await store.list(entity: $0.id, after: $1, limit: $2)
    }
    var response = TablesV1.ListCustomTablesResponse()
    response.customTables = found.resources.map(\.message)
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func update(_ request: TablesV1.UpdateCustomTableRequest, _ call: Call) async throws -> TablesV1.CustomTable {
    let sent = request.customTable ?? .init()
    let match = try name(sent.name, as: DataTablesNames.table, field: "custom_table.name")
    let entity = try call.access.require(.write, of: .tables, for: match.name)
    let mask = try FieldMask(request.updateMask, updatable: ["display_name", "columns", "links"])
    let entityID = match["entity"]
    do {
      let updated = try await store.update(match.id("table"), entity: entity) { old in
        let new = old.replacing(sent, mask)
        try CustomTableRules.check(new)
        return (new, try links(of: new, entity: entityID))
      }
      guard let updated else { throw RPCError.notFound(match.name) }
      return updated.message
    } catch let fault as DefinitionFault { throw RPCError.invalid(fault) }
  }

  private func delete(
    _ request: TablesV1.DeleteCustomTableRequest, _ call: Call
  ) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: DataTablesNames.table, field: "name")
    let entity = try call.access.require(.write, of: .tables, for: match.name)
    switch try await store.delete(match.id("table"), entity: entity, evenWithRows: request.force) {
    case .deleted: return GoogleProtobuf.Empty()
    case .hasRows: throw RPCError.tableHasRows(request.name)
    case .isLinkedTo(let others): throw RPCError.tableIsLinkedTo(request.name, by: others)
    case .notFound: throw RPCError.notFound(match.name)
    }
  }

  /// Looks up the profile table that a definition names; nil for a repository.
  private func owner(of table: TablesV1.CustomTable, entity: Int64, _ call: Call) async throws -> ProfileOwner? {
    if table.profileTable.isEmpty { return nil }
    let field = "custom_table.profile_table"
    let match = try name(table.profileTable, as: DataTablesNames.profileTable, field: field)
    let other = try call.access.require(.read, of: .profiles, for: match.name)
    guard other == entity else {
      throw RPCError.invalid(field, "It is of another entity. Name a profile table of the custom table's entity.")
    }
    let answer = try await profiles.describe(match, entity: call.access.scope(of: entity), deadline: call.deadline)
    return try CustomTableRules.owner(of: table, answer.profileTable ?? .init(), number: answer.number)
  }

  /// The ids of the tables that links name, all of the entity.
  private func links(of table: TablesV1.CustomTable, entity: ResourceID) throws -> [String] {
    try table.links.enumerated().map { index, link in
      let field = "custom_table.links[\(index)].table"
      let match = try name(link.table, as: DataTablesNames.table, field: field)
      guard match["entity"] == entity else {
        throw RPCError.invalid(field, "It is of another entity. Name a table of the same.")
      }
      return match.id("table")
    }
  }
}

extension CustomTableStore {
  /// The table that a name lies in, when the caller has a right there.
  func require(
    _ match: ResourceMatch, right: OptionsV1.Right, of module: OptionsV1.Module = .tables, call: Call
  ) async throws -> CustomTableDefinition {
    let entity = try call.access.require(right, of: module, for: match.name)
    guard let table = try await find(match.id("table"), entity: entity) else { throw RPCError.notFound(match.name) }
    return table
  }
}

extension TablesV1.CustomTable {
  /// The definition with what an update replaces. Columns and links are replaced by id, or added; those that are not sent
  /// stay.
  fileprivate func replacing(_ sent: TablesV1.CustomTable, _ mask: FieldMask) -> TablesV1.CustomTable {
    var new = self
    if mask.includes("display_name", isSet: !sent.displayName.isEmpty) { new.displayName = sent.displayName }
    if mask.includes("columns", isSet: !sent.columns.isEmpty) {
      new.columns = columns.replacing(sent.columns, by: \.id)
    }
    if mask.includes("links", isSet: !sent.links.isEmpty) { new.links = links.replacing(sent.links, by: \.id) }
    return new
  }
}
