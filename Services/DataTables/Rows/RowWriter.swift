internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Carries out writes of single rows: the change, its event and the memory of the request, in one transaction.
struct RowWriter: Sendable {
  let database: Database
  let requests: RequestLedger
  let profiles: ProfileDirectory

  func create<Request>(
    _ change: RowChange, in table: CustomTableDefinition, once: Once<Request>, deadline: Deadline?
  ) async throws -> InternalV1.WriteRowResponse {
    let change = try await resolved(change, table: table, scope: once.scope, deadline: deadline)
    return try await write(in: table, once: once, creatingBy: nil) { transaction in
      try await create(change, in: table, transaction)
    }
  }

  func upsert<Request>(
    _ key: RowStore.Key, _ change: RowChange, in table: CustomTableDefinition, once: Once<Request>, deadline: Deadline?
  ) async throws -> InternalV1.WriteRowResponse {
    let change = try await resolved(change, table: table, scope: once.scope, deadline: deadline)
    return try await write(in: table, once: once, creatingBy: key) { transaction in
      if let written = try await update(key, change, in: table, transaction) { return written }
      return try await create(change, in: table, transaction)
    }
  }

  func update<Request>(
    _ key: RowStore.Key, _ change: RowChange, in table: CustomTableDefinition, name: ResourceName,
    once: Once<Request>, deadline: Deadline?
  ) async throws -> InternalV1.WriteRowResponse {
    let change = try await resolved(change, table: table, scope: once.scope, deadline: deadline)
    return try await write(in: table, once: once, creatingBy: nil) { transaction in
      guard let written = try await update(key, change, in: table, transaction) else { throw RPCError.notFound(name) }
      return written
    }
  }

  /// Deletes a row, and what goes with it.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND; FAILED_PRECONDITION when a link refuses it.
  func delete(_ key: RowStore.Key, in table: CustomTableDefinition, name: ResourceName) async throws {
    do {
      try await database.transaction(as: .entity(table.entity)) { transaction in
        var deletion = RowDeletion(.refusing, in: transaction)
        guard try await deletion.delete(key, in: table) else { throw RPCError.notFound(name) }
      }
    } catch let refused as RowDeletion.Refused {
      throw RPCError.rowIsLinkedTo(name.withoutKeys, by: refused.table, refused.link)
    }
  }

  // MARK: - Steps

  private func resolved(
    _ change: RowChange, table: CustomTableDefinition, scope: Principal.Entity, deadline: Deadline?
  ) async throws -> RowChange {
    var change = change
    do {
      try await change.resolveProfile(profiles, owner: table.owner, entity: scope, deadline: deadline)
    } catch let fault as FieldFault { throw RPCError.invalid(fault) }
    return change
  }

  private func create(
    _ change: RowChange, in table: CustomTableDefinition, _ transaction: Transaction
  ) async throws -> InternalV1.WriteRowResponse {
    do throws(FieldFault) { try change.checkComplete(for: table) } catch { throw RPCError.invalid(error) }
    guard let row = try await RowStore.create(change, in: table, transaction: transaction) else {
      throw profileIsGone(table)
    }
    return try await finish(row, created: true, change, in: table, transaction)
  }

  /// Nil where the table has no such row.
  private func update(
    _ key: RowStore.Key, _ change: RowChange, in table: CustomTableDefinition, _ transaction: Transaction
  ) async throws -> InternalV1.WriteRowResponse? {
    switch try await RowStore.update(key, change, in: table, transaction: transaction) {
    case .updated(let row): try await finish(row, created: false, change, in: table, transaction)
    case .profileIsGone: throw profileIsGone(table)
    case .notFound: nil
    }
  }

  private func finish(
    _ row: RowReference, created: Bool, _ change: RowChange, in table: CustomTableDefinition,
    _ transaction: Transaction
  ) async throws -> InternalV1.WriteRowResponse {
    try await RowEvents.changed(
      [row], created: created, columns: change.values.map(\.field.storage.id), isBulk: false, in: table,
      transaction: transaction)
    var answer = InternalV1.WriteRowResponse()
    answer.number = row.number
    answer.created = created
    return answer
  }

  private func profileIsGone(_ table: CustomTableDefinition) -> RPCError {
    .invalid("row.values.\(table.profileLink?.storage.id ?? "")", ProfileDirectory.missingReason)
  }

  /// Runs a write once for each request id.
  ///
  /// - Parameter key: creates a row unless there is one of this key: when another writer creates it between look and
  ///   write, the write runs again and finds it.
  nonisolated(nonsending) private func write<Request>(
    in table: CustomTableDefinition, once: Once<Request>, creatingBy key: RowStore.Key?,
    _ body: nonisolated(nonsending) (Transaction) async throws -> InternalV1.WriteRowResponse
  ) async throws -> InternalV1.WriteRowResponse {
    var remaining = 5
    while true {
      do {
        return try await database.transaction(as: .entity(table.entity)) { transaction in
          try await requests.once(once.key, once.request, in: transaction) { try await body(transaction) }
        }
      } catch let error as DatabaseError where error.kind == .uniqueViolation {
        guard let field = table.field(ofConstraint: error.constraint) else { throw error }
        guard remaining > 0, key?.column == field.column else { throw RPCError.valueTaken(field.storage.id) }
        remaining -= 1
      } catch let error as DatabaseError where error.kind == .foreignKeyViolation {
        guard let field = table.field(ofConstraint: error.constraint) else { throw error }
        throw RPCError.invalid("row.values.\(field.storage.id)", RowLinks.missingReason)
      }
    }
  }
}

/// What is said of links that lead nowhere.
enum RowLinks {
  static let missingReason =
    "The table that it links to has no row of this key. Create the row first, or correct the key."
}
