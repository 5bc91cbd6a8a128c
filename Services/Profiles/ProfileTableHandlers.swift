internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about profile tables.
struct ProfileTableHandlers: Sendable {
  let store: ProfileTableStore
  let repositories: RepositoryDirectory
  let pages: PageTokens

  func register(on router: inout Router) {
    router.handle(ProfilesV1.ProfileService.createProfileTable) { try await create($0, $1) }
    router.handle(ProfilesV1.ProfileService.getProfileTable) { try await get($0, $1) }
    router.handle(ProfilesV1.ProfileService.listProfileTables) { try await list($0, $1) }
    router.handle(ProfilesV1.ProfileService.updateProfileTable) { try await update($0, $1) }
    router.handle(ProfilesV1.ProfileService.deleteProfileTable) { try await delete($0, $1) }
  }

  private func create(
    _ request: ProfilesV1.CreateProfileTableRequest, _ call: Call
  ) async throws -> ProfilesV1.ProfileTable {
    let parent = try name(request.parent, as: ProfileNames.entity, field: "parent")
    let entity = try call.access.require(.write, of: .profiles, for: parent.name)
    if let problem = TechnicalName.problem(ofResource: request.profileTableId) {
      throw RPCError.invalid("profile_table_id", problem)
    }
    var table = ProfileTableRules.completed(request.profileTable ?? .init())
    table.name = "\(parent)/profileTables/\(request.profileTableId)"
    do throws(DefinitionFault) { try ProfileTableRules.check(table) } catch { throw RPCError.invalid(error) }
    try await checkReferences(of: table, parent: parent, call: call)
    do {
      guard let created = try await store.create(table, id: request.profileTableId, entity: entity) else {
        throw RPCError.tableExists(request.profileTableId)
      }
      return created.message
    } catch is DeletedProfileTables.IDIsUsedUp {
      throw RPCError.tableIDIsUsedUp(request.profileTableId)
    }
  }

  private func get(_ request: ProfilesV1.GetProfileTableRequest, _ call: Call) async throws -> ProfilesV1.ProfileTable {
    let match = try name(request.name, as: ProfileNames.table, field: "name")
    return try await store.require(match, right: .read, call: call).message
  }

  private func list(
    _ request: ProfilesV1.ListProfileTablesRequest, _ call: Call
  ) async throws -> ProfilesV1.ListProfileTablesResponse {
    let parent = try name(request.parent, as: ProfileNames.tableParent, field: "parent")
    let page = try Page(
      of: .init(method: call.path, parent: request.parent), size: request.pageSize, token: request.pageToken,
      tokens: pages)
    let found = try await page.read(call.access.readable(parent.name, of: .profiles), name: \.message.name) {
      try await store.list(entity: $0.id, after: $1, limit: $2)
    }
    var response = ProfilesV1.ListProfileTablesResponse()
    response.profileTables = found.resources.map(\.message)
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func update(
    _ request: ProfilesV1.UpdateProfileTableRequest, _ call: Call
  ) async throws -> ProfilesV1.ProfileTable {
    let sent = request.profileTable ?? .init()
    let match = try name(sent.name, as: ProfileNames.table, field: "profile_table.name")
    let entity = try call.access.require(.write, of: .profiles, for: match.name)
    let mask = try FieldMask(request.updateMask, updatable: ProfilesV1.ProfileTable.updatable)
    let parent = try name("entities/\(match["entity"])", as: ProfileNames.entity, field: "profile_table.name")
    try await checkReferences(of: sent, parent: parent, call: call)
    do {
      let updated = try await store.update(match.id("table"), entity: entity) { old in
        let new = ProfileTableRules.completed(old.updated(by: sent, mask))
        try ProfileTableRules.check(new)
        return new
      }
      guard let updated else { throw RPCError.notFound(match.name) }
      return updated.message
    } catch let fault as DefinitionFault { throw RPCError.invalid(fault) }
  }

  private func delete(
    _ request: ProfilesV1.DeleteProfileTableRequest, _ call: Call
  ) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: ProfileNames.table, field: "name")
    let entity = try call.access.require(.write, of: .profiles, for: match.name)
    switch try await store.delete(match.id("table"), entity: entity, evenWithProfiles: request.force) {
    case .deleted: return GoogleProtobuf.Empty()
    case .hasProfiles: throw RPCError.tableHasProfiles(request.name)
    case .hasTargetings: throw RPCError.tableHasTargetings(request.name)
    case .notFound: throw RPCError.notFound(match.name)
    }
  }

  /// A reference leads to a repository of the same entity.
  private func checkReferences(
    of table: ProfilesV1.ProfileTable, parent: ResourceMatch, call: Call
  ) async throws {
    for (index, reference) in table.references.enumerated() {
      let field = "profile_table.references[\(index)].repository"
      let repository = try name(reference.repository, as: RepositoryDirectory.pattern, field: field)
      guard repository["entity"] == parent["entity"] else { throw RPCError.notFound(repository.name) }
      try await repositories.check(repository, field: field, call: call)
    }
  }
}

extension ProfileTableStore {
  /// The table that a name lies in, when the caller has a right there.
  func require(
    _ match: ResourceMatch, right: OptionsV1.Right, call: Call
  ) async throws -> ProfileTableDefinition {
    let entity = try call.access.require(right, of: .profiles, for: match.name)
    guard let table = try await find(match.id("table"), entity: entity) else { throw RPCError.notFound(match.name) }
    return table
  }
}

extension ProfilesV1.ProfileTable {
  /// Which parts of a definition an update replaces.
  fileprivate static let updatable: Set<String> = [
    "display_name", "attributes", "subscriptions", "segments", "references",
  ]

  fileprivate func updated(by sent: Self, _ mask: FieldMask) -> Self {
    var new = self
    if mask.includes("display_name", isSet: !sent.displayName.isEmpty) { new.displayName = sent.displayName }
    if mask.includes("attributes", isSet: !sent.attributes.isEmpty) {
      new.attributes = attributes.replacing(sent.attributes, by: \.id)
    }
    if mask.includes("subscriptions", isSet: !sent.subscriptions.isEmpty) {
      new.subscriptions = subscriptions.replacing(sent.subscriptions, by: \.id)
    }
    if mask.includes("segments", isSet: !sent.segments.isEmpty) {
      new.segments = segments.replacing(sent.segments, by: \.id)
    }
    if mask.includes("references", isSet: !sent.references.isEmpty) {
      new.references = references.replacing(sent.references, by: \.id)
    }
    return new
  }
}
