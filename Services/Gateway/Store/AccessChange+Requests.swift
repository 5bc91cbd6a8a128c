import Crypto
import Database

/// A request that must not take effect twice.
struct OnceRequest: Sendable, Hashable {
  /// Its id, as the caller chose it.
  var id: String
  /// SHA-256 of the whole request: the same id stands for the same request only.
  var bodyHash: [UInt8]

  /// - Parameter body: the request as it is encoded.
  init(id: String, body: [UInt8]) {
    self.id = id
    bodyHash = Array(SHA256.hash(data: body))
  }
}

extension AccessChange {
  /// What is known of a request.
  enum Earlier: Sendable, Hashable {
    /// It is new.
    case none
    /// It has taken effect, and this was answered.
    case answered([UInt8])
    /// Its id was used for another request.
    case another
  }

  private static let selectRequest = Statement(
    name: "access.request",
    sql: """
      select method, body_hash, reply
      from requests
      where subject = $1
        and request_id = $2
      """)

  /// What became of a request of this caller.
  func earlier(_ request: OnceRequest) async throws -> Earlier {
    let rows = try await transaction.execute(Self.selectRequest, [.text(origin.subject), .text(request.id)])
    guard let row = rows.first else { return .none }
    guard try row.text(0) == origin.method, try row.bytes(1) == request.bodyHash else { return .another }
    return .answered(try row.bytes(2))
  }

  private static let insertRequest = Statement(
    name: "access.keep_request",
    sql: """
      insert into requests (subject, request_id, method, body_hash, reply, create_time)
      values ($1, $2, $3, $4, $5, $6)
      """)

  /// Keeps what a request was answered.
  func keep(_ request: OnceRequest, reply: [UInt8]) async throws {
    try await transaction.execute(
      Self.insertRequest,
      [
        .text(origin.subject), .text(request.id), .text(origin.method), .bytes(request.bodyHash), .bytes(reply),
        .timestamp(origin.time),
      ])
  }
}
