import Database
import Messages
import RPC
import ServiceKit
import UserTables
import Values

/// Carries out writes of single profiles: the change, its history, its event and the answer to a repeated request, in
/// one transaction.
struct ProfileWriter: Sendable {
  let database: Database
  let store: ProfileStore
  let requests: RequestStore
  let log: ProfileLog
  let repositories: RepositoryDirectory

  func create(
    _ change: ProfileChange, in table: ProfileTableDefinition, provenance: Provenance,
    request: IdempotentRequest, call: Call
  ) async throws -> ProfilesV1.Profile {
    try await checkReferences(of: change, table: table, call: call)
    return try await write(in: table, request: request) { transaction in
      let written = try await store.create(change, in: table, provenance: provenance, transaction: transaction)
      return try await finish(written, change, in: table, transaction).profile ?? .init()
    }
  }

  func upsert(
    _ key: ProfileStore.Key, _ change: ProfileChange, in table: ProfileTableDefinition, provenance: Provenance,
    request: IdempotentRequest, call: Call
  ) async throws -> ProfilesV1.UpsertProfileResponse {
    try await checkReferences(of: change, table: table, call: call)
    return try await write(in: table, request: request) { transaction in
      var written = try await store.update(key, change, in: table, provenance: provenance, transaction: transaction)
      if case .notFound = written {
        written = try await store.create(change, in: table, provenance: provenance, transaction: transaction)
      }
      return try await finish(written, change, in: table, transaction)
    }
  }

  func update(
    _ key: ProfileStore.Key, _ change: ProfileChange, in table: ProfileTableDefinition, name: ResourceName,
    provenance: Provenance, request: IdempotentRequest, call: Call
  ) async throws -> ProfilesV1.Profile {
    try await checkReferences(of: change, table: table, call: call)
    return try await write(in: table, request: request) { transaction in
      let written = try await store.update(key, change, in: table, provenance: provenance, transaction: transaction)
      if case .notFound = written { throw RPCError.notFound(name) }
      return try await finish(written, change, in: table, transaction).profile ?? .init()
    }
  }

  /// - Returns: false where the table has no such profile.
  func delete(_ key: ProfileStore.Key, in table: ProfileTableDefinition) async throws -> Bool {
    try await database.transaction(as: .entity(table.entity)) { transaction in
      guard let id = try await store.delete(key, in: table, transaction: transaction) else { return false }
      try await log.deleted([id], in: table, transaction: transaction)
      return true
    }
  }

  /// Runs a write once for each request id, and again when another writer takes a unique value between look and write.
  private func write<Answer: Message>(
    in table: ProfileTableDefinition, request: IdempotentRequest,
    _ body: @escaping @Sendable (Transaction) async throws -> Answer
  ) async throws -> Answer {
    var remaining = 5
    while true {
      do {
        return try await database.transaction(as: .entity(table.entity)) { transaction in
          try await requests.once(request, entity: table.entity, in: transaction) { try await body(transaction) }
        }
      } catch let error as DatabaseError where error.kind == .uniqueViolation && remaining > 0 {
        remaining -= 1
      } catch let fault as ProfileFault {
        throw RPCError.invalid(fault)
      }
    }
  }

  private func finish(
    _ written: ProfileStore.Written, _ change: ProfileChange, in table: ProfileTableDefinition,
    _ transaction: Transaction
  ) async throws -> ProfilesV1.UpsertProfileResponse {
    switch written {
    case .written(let profile, let id, let created):
      try await log.changed(
        [id], created: created, fields: change.values.map(\.field.storage.id), isBulk: false, in: table,
        transaction: transaction)
      var answer = ProfilesV1.UpsertProfileResponse()
      answer.profile = profile
      answer.created = created
      return answer
    case .taken(let field): throw RPCError.valueTaken(field.storage.id)
    case .notFound: throw RPCError(.aborted, "The profile was deleted meanwhile. Send the call again.", reason: "RETRY")
    }
  }

  private func checkReferences(of change: ProfileChange, table: ProfileTableDefinition, call: Call) async throws {
    for (field, value) in change.values {
      guard case .reference(let repository) = field.kind, case .text(let key) = value else { continue }
      let scope = try call.access.scope(of: table.entity)
      if try await repositories.missing([key], in: repository, entity: scope).isEmpty { continue }
      throw RPCError.invalid("profile.fields.\(field.storage.id)", RepositoryDirectory.missingReason)
    }
  }
}
