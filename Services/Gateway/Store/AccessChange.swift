import Database
import Messages
import Values

/// Who changes access, by which call: what the audit keeps of it.
struct ChangeOrigin: Sendable, Hashable {
  /// `keys/17`, or `setup`.
  var subject: String
  /// The call's path.
  var method: String
  /// The address that the call came from.
  var peer: String
  /// The call's request id, which the logs have too.
  var request: String
  /// The time that the change bears.
  var time: Timestamp

  /// An origin.
  init(subject: String, method: String, peer: String, request: String, time: Timestamp) {
    self.subject = subject
    self.method = method
    self.peer = peer
    self.request = request
    self.time = time
  }
}

/// One change of access on its way: what is read here cannot change before it is committed.
struct AccessChange: Sendable {
  let transaction: Transaction
  let origin: ChangeOrigin
}

extension AccessStore {
  private static let begin = Statement(
    name: "access.begin_change",
    sql: """
      update access_state
      set revision = revision + 1
      returning revision
      """)

  private static let tell = Statement(
    name: "access.tell",
    sql: """
      select pg_notify($1, $2)
      """)

  /// Runs one change, after any other that is under way, and tells all copies of it when it is committed.
  ///
  /// `body` may run again from its beginning after a deadlock.
  func change<Result: Sendable>(
    _ origin: ChangeOrigin, _ body: (AccessChange) async throws -> Result
  ) async throws -> Result {
    try await database.transaction(as: .worker) { transaction in
      // The row's lock is what lets changes follow one another; the new revision shows with the commit.
      guard let row = try await transaction.execute(Self.begin).first else { throw AccessStoreError.notMigrated }
      let revision = try row.int(0)
      let result = try await body(AccessChange(transaction: transaction, origin: origin))
      try await transaction.execute(Self.tell, [.text(Self.channel), .text(String(revision))])
      return result
    }
  }
}

extension AccessChange {
  private static let insertAudit = Statement(
    name: "access.audit",
    sql: """
      insert into audit_records (time, subject, method, resource, peer, request, before, after)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      """)

  /// Records the change of one resource. Definitions are JSON, nil where there is none; they never hold secrets.
  func audit(_ resource: String, before: String? = nil, after: String?) async throws {
    try await transaction.execute(
      Self.insertAudit,
      [
        .timestamp(origin.time), .text(origin.subject), .text(origin.method), .text(resource), .text(origin.peer),
        .text(origin.request), before.map(SQLValue.json) ?? .null, after.map(SQLValue.json) ?? .null,
      ])
  }
}
