internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers what other services ask about profile tables and profiles.
struct ProfileDirectoryHandlers: Sendable {
  let tables: ProfileTableStore
  let store: ProfileStore
  let writer: ProfileWriter

  func register(on router: inout Router) {
    router.handle(InternalV1.ProfileDirectoryService.describeProfileTable) { try await describe($0, $1) }
    router.handle(InternalV1.ProfileDirectoryService.resolveProfiles) { try await resolve($0, $1) }
    router.handle(InternalV1.ProfileDirectoryService.readProfiles) { try await read($0, $1) }
    router.handle(InternalV1.ProfileDirectoryService.findProfilesByDate) { try await findByDate($0, $1) }
    router.handle(InternalV1.ProfileDirectoryService.writeProfile) { try await write($0, $1) }
  }

  private func describe(
    _ request: InternalV1.DescribeProfileTableRequest, _ call: Call
  ) async throws -> InternalV1.DescribeProfileTableResponse {
    let table = try await require(request.name, field: "name", call)
    var response = InternalV1.DescribeProfileTableResponse()
    response.profileTable = table.message
    response.number = table.number
    return response
  }

  private func resolve(
    _ request: InternalV1.ResolveProfilesRequest, _ call: Call
  ) async throws -> InternalV1.ResolveProfilesResponse {
    let table = try await require(request.profileTable, field: "profile_table", call)
    guard request.keys.count <= 10_000 else {
      throw RPCError.invalid("keys", "There are more than 10,000. Send fewer at a time.")
    }
    let key = try keyField(request.attribute, of: table)
    let reader = FieldReader(zone: .utc)
    // A key that the field would not accept belongs to no profile.
    let values = request.keys.map { (try? reader.read($0, for: key)) ?? .null }
    var response = InternalV1.ResolveProfilesResponse()
    response.ids = try await store.resolve(values, of: key, in: table).map { UInt32($0 ?? 0) }
    return response
  }

  private func keyField(_ id: String, of table: ProfileTableDefinition) throws -> FieldDefinition {
    if id.isEmpty { return FieldDefinition(id: "id", number: 0, type: .integer) }
    guard let field = table.field(id), field.storage.isUnique else {
      throw RPCError.invalid("attribute", "“\(id)” is no unique attribute of the table. Name one that is.")
    }
    return field.storage
  }

  private func read(
    _ request: InternalV1.ReadProfilesRequest, _ call: Call
  ) async throws -> InternalV1.ReadProfilesResponse {
    let table = try await require(request.profileTable, field: "profile_table", call)
    guard request.ids.count <= 1_000 else {
      throw RPCError.invalid("ids", "There are more than 1,000. Send fewer at a time.")
    }
    let found = try await store.find(ids: request.ids.map(Int64.init), in: table)
    var response = InternalV1.ReadProfilesResponse()
    response.profiles = request.ids.compactMap { found[Int64($0)] }
    return response
  }

  private func findByDate(
    _ request: InternalV1.FindProfilesByDateRequest, _ call: Call
  ) async throws -> InternalV1.FindProfilesByDateResponse {
    let table = try await require(request.profileTable, field: "profile_table", call)
    guard let field = table.field(request.attribute), [.date, .timestamp].contains(field.storage.type),
      !field.storage.isMultiValued
    else {
      throw RPCError.invalid(
        "attribute", "“\(request.attribute)” is no attribute with a single date or time. Name one that is.")
    }
    guard request.days.count <= 100 else {
      throw RPCError.invalid("days", "There are more than 100. Send fewer at a time.")
    }
    guard (1...10_000).contains(request.limit) else {
      throw RPCError.invalid("limit", "A page has 1 to 10,000 profiles. Ask for so many.")
    }
    var response = InternalV1.FindProfilesByDateResponse()
    response.profiles = try await store.find(
      field, on: ProfileDays(request.days), in: table, after: Int64(request.after), limit: Int(request.limit))
    return response
  }

  private func write(
    _ request: InternalV1.WriteProfileRequest, _ call: Call
  ) async throws -> InternalV1.WriteProfileResponse {
    let sent = request.profile ?? .init()
    let match = try name(sent.name, as: ProfileNames.profile, field: "profile.name")
    let table = try await require(match)
    let reader = FieldReader(zone: try call.access.zone(of: table.entity))
    let key = try ProfileKeys.key(match, in: table, field: "profile.name", reader: reader)
    let provenance = Provenance(source: request.provenance?.source ?? "", way: request.provenance?.way ?? "")
    let once = try Once(request, id: request.requestId, call: call, entity: table.entity)
    do {
      var change = try ProfileChange(sent.fields, table: table, reader: reader)
      guard request.createMissing, case .unique(let field, let value) = key else {
        return try await writer.update(key, change, in: table, name: match.name, provenance: provenance, once: once)
      }
      try change.set(field, to: value)
      return try await writer.upsert(key, change, in: table, provenance: provenance, once: once)
    } catch let fault as FieldFault { throw RPCError.invalid(fault) }

    func require(_ match: ResourceMatch) async throws -> ProfileTableDefinition {
      guard let entity = try call.access.entity(named: match.id("entity")),
        let table = try await tables.find(match.id("table"), entity: entity)
      else { throw RPCError.notFound(match.name) }
      return table
    }
  }

  private func require(_ text: String, field: String, _ call: Call) async throws -> ProfileTableDefinition {
    let match = try name(text, as: ProfileNames.table, field: field)
    guard let entity = try call.access.entity(named: match.id("entity")),
      let table = try await tables.find(match.id("table"), entity: entity)
    else { throw RPCError.notFound(match.name) }
    return table
  }
}
