import Crypto
package import Database
package import Messages
package import RPC
import Values

/// Remembers requests by the id that their caller gave them, so that what must not happen twice does not.
///
/// The id, a hash of the request and the reply are kept in the transaction of the effect. The same caller's same id with
/// another request is refused. Ids are kept for 7 days.
package struct RequestLedger: Sendable {
  /// How long a request is remembered.
  package static let memory = Duration.seconds(7 * 86_400)

  /// Whose request it is, and what it is about.
  package struct Key: Sendable, Hashable {
    /// What the caller gave; empty: the request is not remembered.
    package var requestID: String
    /// The caller: a subject's id, or a service's name. Ids of different callers are apart.
    package var caller: String
    /// The method's path.
    package var method: String
    /// The entity in which the effect happens.
    package var entity: Int64
    /// The profile that the reply is about, for erasure; 0: none.
    package var profileTable: Int64 = 0
    /// The profile that the reply is about, for erasure; 0: none.
    package var profile: UInt32 = 0

    /// A key for a call's request.
    ///
    /// - Throws: ``RPCError`` UNAUTHENTICATED without a principal, INVALID_ARGUMENT for an id that is too long.
    package init(_ requestID: String, of call: Call, entity: Int64) throws(RPCError) {
      guard requestID.utf8.count <= 128, requestID.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        throw .invalidRequestID
      }
      self.requestID = requestID
      self.caller = try call.principal.subject
      self.method = call.path
      self.entity = entity
    }
  }

  private let time: any TimeSource

  /// A ledger by a clock.
  package init(time: any TimeSource) {
    self.time = time
  }

  /// Does the effect once, and answers what it answered then from there on.
  ///
  /// Of two requests with the same id at the same time, one waits for the other.
  ///
  /// - Parameters:
  ///   - transaction: of the effect, in a role of the key's entity.
  ///   - effect: what is done and answered. The reply is kept: it holds ids, not personal values.
  /// - Throws: ``RPCError`` FAILED_PRECONDITION when the id was used for another request; what `effect` throws.
  nonisolated(nonsending) package func once<Request: Message, Reply: Message>(
    _ key: Key, _ request: Request, in transaction: Transaction,
    effect: nonisolated(nonsending) () async throws -> Reply
  ) async throws -> Reply {
    guard !key.requestID.isEmpty else {
      return try await effect()
    }
    let hash = Array(SHA256.hash(data: try request.encoded()))
    let isNew = try await transaction.execute(
      Self.remember,
      [
        .text(key.caller), .text(key.requestID), .text(key.method), .bytes(hash), .int(key.entity),
        .timestamp(time.now),
      ])
    if isNew.isEmpty {
      return try await recall(key, hash, in: transaction)
    }
    let reply = try await effect()
    _ = try await transaction.execute(
      Self.keepReply,
      [
        .text(key.caller), .text(key.requestID), .bytes(try reply.encoded()), .int(key.profileTable),
        .int(Int64(key.profile)),
      ])
    return reply
  }

  private func recall<Reply: Message>(
    _ key: Key, _ hash: [UInt8], in transaction: Transaction
  ) async throws -> Reply {
    let rows = try await transaction.execute(Self.recall, [.text(key.caller), .text(key.requestID)])
    // No row: it is of an entity that this one does not see.
    guard let row = rows.first, try row.text(0) == key.method, try row.bytes(1) == hash else {
      throw RPCError.requestIDUsed
    }
    guard let reply = try row.optionalBytes(2) else {
      throw RPCError.replyForgotten
    }
    return try Reply(decoding: reply)
  }

  /// Forgets the replies about a profile, which is being erased. The ids stay, so that nothing is done twice.
  package func forget(
    profile: UInt32, of profileTable: Int64, in transaction: Transaction
  ) async throws {
    try await forget(profiles: [profile], of: profileTable, in: transaction)
  }

  /// Forgets the replies about profiles, which are gone. The ids stay, so that nothing is done twice.
  package func forget(
    profiles: [UInt32], of profileTable: Int64, in transaction: Transaction
  ) async throws {
    _ = try await transaction.execute(Self.forget, [.int(profileTable), .intArray(profiles.map(Int64.init))])
  }

  /// Forgets requests that are older than ``memory``.
  ///
  /// - Returns: whether there may be more.
  package func sweep(in database: Database) async throws -> Bool {
    let rows = try await database.write(
      Self.sweep, [.timestamp(time.now.advanced(by: .zero - Self.memory))], as: .worker)
    return try (rows.first?.int(0) ?? 0) >= 10_000
  }
}

extension RequestLedger {
  /// The table; a service puts it into its migrations.
  package static let schema = """
    -- What must not happen twice: the caller's id, a hash of the request, and the reply.
    CREATE TABLE kept_requests (
      caller text NOT NULL,
      request_id text NOT NULL,
      method text NOT NULL,
      hash bytea NOT NULL,
      entity bigint NOT NULL,
      profile_table bigint NOT NULL DEFAULT 0,
      profile bigint NOT NULL DEFAULT 0,
      -- Null: forgotten with the profile that it was about.
      reply bytea,
      kept timestamptz NOT NULL,
      PRIMARY KEY (caller, request_id)
    );
    CREATE INDEX kept_requests_kept ON kept_requests (kept);
    CREATE INDEX kept_requests_profile ON kept_requests (profile_table, profile) WHERE profile <> 0;
    \(EntityPolicy.sql(forTable: "kept_requests", granting: "SELECT, INSERT, UPDATE"))
    """

  private static let remember = Statement(
    name: "requests.remember",
    sql: """
      INSERT INTO kept_requests (caller, request_id, method, hash, entity, kept)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (caller, request_id) DO NOTHING
      RETURNING true
      """)

  private static let keepReply = Statement(
    name: "requests.keepReply",
    sql: """
      UPDATE kept_requests
      SET reply = $3, profile_table = $4, profile = $5
      WHERE caller = $1 AND request_id = $2
      """)

  private static let recall = Statement(
    name: "requests.recall",
    sql: """
      SELECT method, hash, reply
      FROM kept_requests
      WHERE caller = $1 AND request_id = $2
      """)

  private static let forget = Statement(
    name: "requests.forget",
    sql: "UPDATE kept_requests SET reply = NULL WHERE profile_table = $1 AND profile = ANY ($2) AND profile <> 0")

  private static let sweep = Statement(
    name: "requests.sweep",
    sql: """
      WITH old AS (
        DELETE FROM kept_requests
        WHERE (caller, request_id) IN (
          SELECT caller, request_id FROM kept_requests WHERE kept < $1 ORDER BY kept LIMIT 10000)
        RETURNING 1)
      SELECT count(*) FROM old
      """)
}

extension RPCError {
  /// The caller gave this id to another request before.
  package static let requestIDUsed = RPCError(
    .failedPrecondition,
    "This request id was used for another request. Give every request an id of its own, and repeat a request unchanged.",
    reason: "REQUEST_ID_USED")

  /// The request took effect, and its reply was forgotten with the profile that it was about.
  package static let replyForgotten = RPCError(
    .failedPrecondition, "This request took effect before, and what it was about has been erased since.",
    reason: "REPLY_FORGOTTEN")

  /// The id has a form that cannot be kept.
  package static let invalidRequestID = RPCError(
    .invalidArgument, "A request id has 1 to 128 printable ASCII characters without spaces.",
    reason: "INVALID_REQUEST_ID",
    fieldViolations: [FieldViolation(field: "request_id", description: "It has another form.")])
}
