internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Carries out writes of single profiles: the change, its history, its event and the memory of the request, in one
/// transaction.
struct ProfileWriter: Sendable {
  let database: Database
  let store: ProfileStore
  let requests: RequestLedger
  let repositories: RepositoryDirectory

  func create<Request>(
    _ change: ProfileChange, in table: ProfileTableDefinition, provenance: Provenance, once: Once<Request>
  ) async throws -> InternalV1.WriteProfileResponse {
    let change = try await resolved(change, scope: once.scope)
    return try await write(in: table, once: once) { transaction in
      let written = try await store.create(change, in: table, provenance: provenance, transaction: transaction)
      return try await finish(written, change, in: table, transaction)
    }
  }

  func upsert<Request>(
    _ key: ProfileStore.Key, _ change: ProfileChange, in table: ProfileTableDefinition, provenance: Provenance,
    once: Once<Request>
  ) async throws -> InternalV1.WriteProfileResponse {
    let change = try await resolved(change, scope: once.scope)
    return try await write(in: table, once: once) { transaction in
      var written = try await store.update(key, change, in: table, provenance: provenance, transaction: transaction)
      if case .notFound = written {
        written = try await store.create(change, in: table, provenance: provenance, transaction: transaction)
      }
      return try await finish(written, change, in: table, transaction)
    }
  }

  func update<Request>(
    _ key: ProfileStore.Key, _ change: ProfileChange, in table: ProfileTableDefinition, name: ResourceName,
    provenance: Provenance, once: Once<Request>
  ) async throws -> InternalV1.WriteProfileResponse {
    let change = try await resolved(change, scope: once.scope)
    return try await write(in: table, once: once) { transaction in
      let written = try await store.update(key, change, in: table, provenance: provenance, transaction: transaction)
      if case .notFound = written { throw RPCError.notFound(name) }
      return try await finish(written, change, in: table, transaction)
    }
  }

  /// - Returns: false where the table has no such profile.
  func delete(_ key: ProfileStore.Key, in table: ProfileTableDefinition) async throws -> Bool {
    try await database.transaction(as: .entity(table.entity)) { transaction in
      guard let id = try await store.delete(key, in: table, transaction: transaction) else { return false }
      try await requests.forget(profile: UInt32(id), of: table.number, in: transaction)
      try await ProfileEvents.deleted([id], in: table, transaction: transaction)
      return true
    }
  }

  /// Runs a write once for each request id, and again when another writer takes a unique value between look and write.
  nonisolated(nonsending) private func write<Request>(
    in table: ProfileTableDefinition, once: Once<Request>,
    _ body: nonisolated(nonsending) (Transaction) async throws -> InternalV1.WriteProfileResponse
  ) async throws -> InternalV1.WriteProfileResponse {
    var remaining = 5
    while true {
      do {
        return try await database.transaction(as: .entity(table.entity)) { transaction in
          try await requests.once(once.key, once.request, in: transaction) { try await body(transaction) }
        }
      } catch let error as DatabaseError where error.kind == .uniqueViolation && remaining > 0 {
        remaining -= 1
      } catch let fault as FieldFault {
        throw RPCError.invalid(fault)
      }
    }
  }

  private func finish(
    _ written: ProfileStore.Written, _ change: ProfileChange, in table: ProfileTableDefinition,
    _ transaction: Transaction
  ) async throws -> InternalV1.WriteProfileResponse {
    switch written {
    case .written(let id, let created):
      try await ProfileEvents.changed(
        [id], created: created, fields: change.values.map(\.field.storage.id), isBulk: false, in: table,
        transaction: transaction)
      var answer = InternalV1.WriteProfileResponse()
      answer.id = UInt32(id)
      answer.created = created
      return answer
    case .taken(let field): throw RPCError.valueTaken(field.storage.id)
    case .notFound: throw RPCError.deletedMeanwhile
    }
  }

  /// The change with its references as their repositories write them.
  private func resolved(_ change: ProfileChange, scope: Principal.Entity) async throws -> ProfileChange {
    var change = change
    for (field, value) in change.values {
      guard case .reference(let repository) = field.kind, case .text(let key) = value else { continue }
      guard let written = try await repositories.written([key], in: repository, entity: scope)[key] else {
        throw RPCError.invalid("profile.fields.\(field.storage.id)", RepositoryDirectory.missingReason)
      }
      change.replace(field, by: .text(written))
    }
    return change
  }
}
