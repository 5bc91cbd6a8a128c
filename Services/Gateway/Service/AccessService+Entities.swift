import Messages
import RPC
import ServiceKit
import Values

extension AccessService {
  /// Makes an entity. Takes the right to administer access in every entity: the new one is among them.
  func createEntity(_ request: AccessV1.CreateEntityRequest, _ call: Call) async throws -> AccessV1.Entity {
    let entity = try checked(request)
    let caller = try await decide(call) { caller throws(RPCError) in
      try caller.requireAdministration(of: .everywhere, path: "entity_id", name: "entities/-")
      return caller
    }
    let once = request.requestId.isEmpty ? nil : OnceRequest(id: request.requestId, body: try request.encoded())
    return try await change(origin(call, caller)) { change in
      if let once {
        switch try await change.earlier(once) {
        case .none: break
        case .answered(let reply): return try AccessV1.Entity(decoding: reply)
        case .another: throw RPCError.requestIDUsed
        }
      }
      guard try await change.entity(id: request.entityId) == nil else { throw RPCError.entityExists(request.entityId) }
      guard try await change.entityCount() < Self.maximumEntities else { throw RPCError.tooManyEntities }
      let record = try await change.createEntity(
        id: request.entityId, displayName: entity.displayName, timeZone: entity.timeZone)
      try await change.audit(record.name, after: try record.message.definition)
      if let once { try await change.keep(once, reply: try record.message.encoded()) }
      return record.message
    }
  }

  private func checked(_ request: AccessV1.CreateEntityRequest) throws(RPCError) -> AccessV1.Entity {
    var checks = FieldChecks()
    if !EntityID.isValid(request.entityId.utf8) {
      checks.refuse("entity_id", "Write 1 to 40 lower-case letters, digits and hyphens, beginning with a letter.")
    }
    checks.requestID(request.requestId, at: "request_id")
    let entity = request.entity ?? AccessV1.Entity()
    if !entity.name.isEmpty && entity.name != "entities/\(request.entityId)" {
      checks.refuse("entity.name", "Leave it out, or write entities/ and the entity_id.")
    }
    checks.displayName(entity.displayName, at: "entity.display_name")
    checks.timeZone(entity.timeZone, at: "entity.time_zone")
    try checks.finish()
    return entity
  }

  /// Returns one entity that the caller sees.
  func getEntity(_ request: AccessV1.GetEntityRequest, _ call: Call) async throws -> AccessV1.Entity {
    let id = try Self.entityID(of: request.name, at: "name")
    return try await decideFreshly(call) { caller throws(RPCError) in
      guard let entity = caller.visibleEntity(id: id) else { throw .notFound(entity: id) }
      return entity.message
    }
  }

  /// Lists the entities that the caller sees.
  func listEntities(
    _ request: AccessV1.ListEntitiesRequest, _ call: Call
  ) async throws -> AccessV1.ListEntitiesResponse {
    let size = try PageSize(asked: request.pageSize).count
    let list = PageTokens.List(method: call.path, parent: "-")
    let last = try pageTokens.open(request.pageToken, of: list)
    let caller = try await decideFreshly(call) { $0 }
    let rest = caller.entities.drop { entity in
      last.map { !$0.lexicographicallyPrecedes(entity.id.utf8) } ?? false
    }
    let page = rest.prefix(size)
    var response = AccessV1.ListEntitiesResponse()
    response.entities = page.map(\.message)
    if rest.count > size, let end = page.last {
      response.nextPageToken = try pageTokens.seal(Array(end.id.utf8), of: list)
    }
    return response
  }

  /// Changes an entity's display name or time zone.
  func updateEntity(_ request: AccessV1.UpdateEntityRequest, _ call: Call) async throws -> AccessV1.Entity {
    let entity = request.entity ?? AccessV1.Entity()
    let id = try Self.entityID(of: entity.name, at: "entity.name")
    let fields = try changedFields(request, entity)
    let caller = try await decide(call) { caller throws(RPCError) in
      guard let entity = caller.visibleEntity(id: id) else { throw .notFound(entity: id) }
      try caller.requireAdministration(of: .entity(entity.number), path: "entity.name", name: entity.name)
      return caller
    }
    return try await change(origin(call, caller)) { change in
      guard var record = try await change.entity(id: id) else { throw RPCError.notFound(entity: id) }
      let before = record.message
      if fields.contains("display_name") { record.displayName = entity.displayName }
      if fields.contains("time_zone") { record.timeZone = entity.timeZone }
      record.updateTime = change.origin.time
      try await change.update(record)
      try await change.audit(record.name, before: try before.definition, after: try record.message.definition)
      return record.message
    }
  }

  private func changedFields(
    _ request: AccessV1.UpdateEntityRequest, _ entity: AccessV1.Entity
  ) throws(RPCError) -> Set<String> {
    let mask = try FieldMask(request.updateMask, updatable: ["display_name", "time_zone"])
    var checks = FieldChecks()
    var fields: Set<String> = []
    if mask.includes("display_name", isSet: !entity.displayName.isEmpty) {
      checks.displayName(entity.displayName, at: "entity.display_name")
      fields.insert("display_name")
    }
    if mask.includes("time_zone", isSet: !entity.timeZone.isEmpty) {
      checks.timeZone(entity.timeZone, at: "entity.time_zone")
      fields.insert("time_zone")
    }
    try checks.finish()
    return fields
  }

  /// The id in `entities/{entity}`.
  static func entityID(of name: String, at field: String) throws(RPCError) -> String {
    guard !name.isEmpty, case .one(let id) = EntityPrefix(of: name), name == "entities/\(id)" else {
      throw .badName(at: field)
    }
    return id
  }
}
