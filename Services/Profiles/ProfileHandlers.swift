internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers the calls about profiles.
struct ProfileHandlers: Sendable {
  let tables: ProfileTableStore
  let store: ProfileStore
  let writer: ProfileWriter
  let exports: ExportGate
  let pages: PageTokens

  func register(on router: inout Router) {
    router.handle(ProfilesV1.ProfileService.createProfile) { try await create($0, $1) }
    router.handle(ProfilesV1.ProfileService.upsertProfile) { try await upsert($0, $1) }
    router.handle(ProfilesV1.ProfileService.updateProfile) { try await update($0, $1) }
    router.handle(ProfilesV1.ProfileService.getProfile) { try await get($0, $1) }
    router.handle(ProfilesV1.ProfileService.batchGetProfiles) { try await batchGet($0, $1) }
    router.handle(ProfilesV1.ProfileService.listProfiles) { try await list($0, $1) }
    router.handle(ProfilesV1.ProfileService.deleteProfile) { try await delete($0, $1) }
    router.handle(ProfilesV1.ProfileService.listFieldChanges) { try await listChanges($0, $1) }
    router.handle(ProfilesV1.ProfileService.exportProfiles) { try await export($0, $1, $2) }
  }

  // MARK: - Writing

  private func create(_ request: ProfilesV1.CreateProfileRequest, _ call: Call) async throws -> ProfilesV1.Profile {
    let parent = try name(request.parent, as: ProfileNames.table, field: "parent")
    let table = try await tables.require(parent, right: .write, call: call)
    let change = try self.change(request.profile?.fields ?? [:], table: table, call: call)
    let written = try await writer.create(
      change, in: table, provenance: provenance(request.provenance),
      once: Once(request, id: request.requestId, call: call, entity: table.entity))
    return try await profile(written.id, in: table)
  }

  private func upsert(
    _ request: ProfilesV1.UpsertProfileRequest, _ call: Call
  ) async throws -> ProfilesV1.UpsertProfileResponse {
    let sent = request.profile ?? .init()
    let match = try name(sent.name, as: ProfileNames.profile, field: "profile.name")
    let table = try await tables.require(match, right: .write, call: call)
    guard case .unique(let field, let value) = try key(match, in: table, field: "profile.name", call: call) else {
      throw RPCError.invalid("profile.name", "It ends in a number. End it in a unique attribute: `attribute=value`.")
    }
    var change = try self.change(sent.fields, table: table, call: call)
    do { try change.set(field, to: value) } catch let fault as FieldFault { throw RPCError.invalid(fault) }
    let written = try await writer.upsert(
      .unique(field, value), change, in: table, provenance: provenance(request.provenance),
      once: Once(request, id: request.requestId, call: call, entity: table.entity))
    var response = ProfilesV1.UpsertProfileResponse()
    response.profile = try await profile(written.id, in: table)
    response.created = written.created
    return response
  }

  private func update(_ request: ProfilesV1.UpdateProfileRequest, _ call: Call) async throws -> ProfilesV1.Profile {
    let sent = request.profile ?? .init()
    let match = try name(sent.name, as: ProfileNames.profile, field: "profile.name")
    let table = try await tables.require(match, right: .write, call: call)
    let key = try self.key(match, in: table, field: "profile.name", call: call)
    let mask = try maskedValues(request.updateMask?.paths ?? [], of: "fields", noun: "field")
    let change = try self.change(sent.fields, mask: mask, table: table, call: call)
    let written = try await writer.update(
      key, change, in: table, name: match.name, provenance: provenance(request.provenance),
      once: Once(request, id: request.requestId, call: call, entity: table.entity))
    return try await profile(written.id, in: table)
  }

  private func delete(_ request: ProfilesV1.DeleteProfileRequest, _ call: Call) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: ProfileNames.profile, field: "name")
    let table = try await tables.require(match, right: .write, call: call)
    let key = try self.key(match, in: table, field: "name", call: call)
    guard try await writer.delete(key, in: table) else { throw RPCError.notFound(match.name) }
    return GoogleProtobuf.Empty()
  }

  /// A profile that was just written, as it is now.
  private func profile(_ id: UInt32, in table: ProfileTableDefinition) async throws -> ProfilesV1.Profile {
    guard let profile = try await store.find(.id(Int64(id)), in: table) else { throw RPCError.deletedMeanwhile }
    return profile
  }

  private func change(
    _ fields: [String: TypeV1.Value], mask: [String]? = nil, table: ProfileTableDefinition, call: Call
  ) throws -> ProfileChange {
    let reader = FieldReader(zone: try call.access.zone(of: table.entity))
    do {
      return try ProfileChange(fields, mask: mask, table: table, reader: reader)
    } catch let fault as FieldFault { throw RPCError.invalid(fault) }
  }

  private func provenance(_ sent: ProfilesV1.Provenance?) throws(RPCError) -> Provenance {
    let source = sent?.source ?? ""
    let way = sent?.way ?? ""
    for (field, text) in [("provenance.source", source), ("provenance.way", way)]
    where text.unicodeScalars.count > 200 || text.utf8.contains(0) {
      throw .invalid(field, "It has more than 200 characters, or U+0000. Shorten it.")
    }
    return Provenance(source: source, way: way.isEmpty ? "api" : way)
  }

  // MARK: - Reading

  private func get(_ request: ProfilesV1.GetProfileRequest, _ call: Call) async throws -> ProfilesV1.Profile {
    let match = try name(request.name, as: ProfileNames.profile, field: "name")
    if let profile = try await getKnown(match, call) { return profile }
    let table = try await tables.require(match, right: .read, call: call)
    let key = try self.key(match, in: table, field: "name", call: call)
    guard let profile = try await store.find(key, in: table) else { throw RPCError.notFound(match.name) }
    return profile
  }

  /// The profile, when the table is known and still as it was; otherwise nil, whatever the reason.
  private func getKnown(_ match: ResourceMatch, _ call: Call) async throws -> ProfilesV1.Profile? {
    let entity = try call.access.require(.read, of: .profiles, for: match.name)
    guard let table = tables.findKnown(match.id("table"), entity: entity),
      let key = try? self.key(match, in: table, field: "name", call: call)
    else { return nil }
    return try await store.find(key, inUnchanged: table)
  }

  private func batchGet(
    _ request: ProfilesV1.BatchGetProfilesRequest, _ call: Call
  ) async throws -> ProfilesV1.BatchGetProfilesResponse {
    let parent = try name(request.parent, as: ProfileNames.table, field: "parent")
    let table = try await tables.require(parent, right: .read, call: call)
    guard request.names.count <= 1_000 else {
      throw RPCError.invalid("names", "There are more than 1,000. Send fewer at a time.")
    }
    let reader = FieldReader(zone: try call.access.zone(of: table.entity))
    var keys: [ProfileStore.Key] = []
    for (index, text) in request.names.enumerated() {
      let field = "names[\(index)]"
      let match = try name(text, as: ProfileNames.profile, field: field)
      guard match.name.parent == parent.name else {
        throw RPCError.invalid(field, "It is not of the table of `parent`. Send names of one table.")
      }
      keys.append(try ProfileKeys.key(match, in: table, field: field, reader: reader))
    }
    let ids = try await store.ids(of: keys, in: table)
    let found = try await store.find(ids: Array(Set(ids.compactMap(\.self))), in: table)
    var response = ProfilesV1.BatchGetProfilesResponse()
    response.profiles = ids.compactMap { id in id.flatMap { found[$0] } }
    return response
  }

  private func list(
    _ request: ProfilesV1.ListProfilesRequest, _ call: Call
  ) async throws -> ProfilesV1.ListProfilesResponse {
    let parent = try name(request.parent, as: ProfileNames.table, field: "parent")
    let table = try await tables.require(parent, right: .read, call: call)
    let page = try page(request.parent, request.pageSize, request.pageToken, call)
    var response = ProfilesV1.ListProfilesResponse()
    response.profiles = try await store.list(in: table, after: page.number ?? 0, limit: page.size + 1)
    if response.profiles.count > page.size {
      response.profiles.removeLast()
      response.nextPageToken = try page.next(number: response.profiles.last.flatMap(\.number) ?? 0)
    }
    return response
  }

  private func listChanges(
    _ request: ProfilesV1.ListFieldChangesRequest, _ call: Call
  ) async throws -> ProfilesV1.ListFieldChangesResponse {
    let match = try name(request.parent, as: ProfileNames.profile, field: "parent")
    let table = try await tables.require(match, right: .read, call: call)
    let key = try self.key(match, in: table, field: "parent", call: call)
    guard let id = try await store.find(key, in: table)?.number else { throw RPCError.notFound(match.name) }
    let page = try page(request.parent, request.pageSize, request.pageToken, call)
    let found = try await store.changes(of: id, in: table, before: page.number ?? .max, limit: page.size + 1)
    var response = ProfilesV1.ListFieldChangesResponse()
    response.changes = found.prefix(page.size).map(\.message)
    if found.count > page.size { response.nextPageToken = try page.next(number: found[page.size - 1].number) }
    return response
  }

  private func export(
    _ request: ProfilesV1.ExportProfilesRequest, _ writer: ResponseWriter<ProfilesV1.ExportProfilesResponse>,
    _ call: Call
  ) async throws {
    let parent = try name(request.parent, as: ProfileNames.table, field: "parent")
    let table = try await tables.require(parent, right: .export, call: call)
    let fields = try table.fields(named: request.fields)
    try await exports.run { chunk in
      var response = ProfilesV1.ExportProfilesResponse()
      response.chunk = chunk
      try await writer.send(response)
    } _: { send in
      try await store.export(fields, of: table, send)
    }
  }

  private func page(_ parent: String, _ size: Int32, _ token: String, _ call: Call) throws -> Page {
    try Page(of: .init(method: call.path, parent: parent), size: size, token: token, tokens: pages)
  }

  private func key(
    _ match: ResourceMatch, in table: ProfileTableDefinition, field path: String, call: Call
  ) throws -> ProfileStore.Key {
    let reader = FieldReader(zone: try call.access.zone(of: table.entity))
    return try ProfileKeys.key(match, in: table, field: path, reader: reader)
  }
}

extension ProfilesV1.Profile {
  /// The number that the name ends in.
  var number: Int64? {
    name.split(separator: "/").last.flatMap { Int64($0) }
  }
}
