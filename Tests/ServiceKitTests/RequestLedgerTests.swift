import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKitTesting
import Testing
import Values

@testable import ServiceKit

@Suite("Requests that must not happen twice")
struct RequestLedgerTests {
  private static let count = Statement(
    name: "test.count",
    sql: """
      INSERT INTO counted AS c (name, count) VALUES ('effect', 1)
      ON CONFLICT (name) DO UPDATE SET count = c.count + 1 RETURNING count
      """)
  private static let total = Statement(name: "test.total", sql: "SELECT count FROM counted WHERE name = 'effect'")

  private func key(
    _ id: String, entity: Int64 = 7, caller: String = "keys/1", profile: UInt32 = 0
  ) throws -> RequestLedger.Key {
    let principal = Principal(
      kind: .apiKey, subject: caller, signer: .gateway, notBefore: .epoch, expires: .epoch)
    let call = Call(
      method: nil, path: "/a/Do", metadata: Metadata(), peer: "", serial: CallSerial(connection: 1, stream: 1))
    call[PrincipalKey.self] = VerifiedPrincipal(principal)
    var key = try RequestLedger.Key(id, of: call, entity: entity)
    key.profileTable = profile == 0 ? 0 : 1
    key.profile = profile
    return key
  }

  /// Does the effect, and answers how often it has been done.
  private func perform(
    _ id: String, entity: Int64 = 7, caller: String = "keys/1", profile: UInt32 = 0, body: String = "body",
    in fixture: LogFixture
  ) async throws -> Int64 {
    let key = try key(id, entity: entity, caller: caller, profile: profile)
    var request = InternalV1.Entity()
    request.key = body
    let ledger = RequestLedger(time: fixture.time)
    return try await fixture.database.transaction(as: .entity(key.entity)) { transaction in
      try await ledger.once(key, request, in: transaction) {
        var reply = InternalV1.Entity()
        reply.id = try await transaction.execute(Self.count)[0].int(0)
        return reply
      }.id
    }
  }

  private func with(_ body: (LogFixture) async throws -> Void) async throws {
    try await LogFixture.with { fixture in
      let schema = fixture.test.schemaConnection()
      for entity in [7, 8] as [Int64] { try await schema.ensureEntityRole(entity) }
      try await body(fixture)
    }
  }

  @Test("the same request again answers the same and does nothing")
  func again() async throws {
    try await with { fixture in
      let counts = [
        try await perform("r1", in: fixture), try await perform("r1", in: fixture),
        try await perform("r2", in: fixture), try await perform("r1", caller: "keys/2", in: fixture),
        try await perform("", in: fixture), try await perform("", in: fixture),
      ]
      #expect(counts == [1, 1, 2, 3, 4, 5])
    }
  }

  @Test("the same id with another body, or in another entity, is refused")
  func otherBody() async throws {
    try await with { fixture in
      _ = try await perform("r1", in: fixture)
      for attempt in [(entity: 7, body: "other"), (entity: 8, body: "body")] as [(entity: Int64, body: String)] {
        let error = await #expect(throws: RPCError.self) {
          try await perform("r1", entity: attempt.entity, body: attempt.body, in: fixture)
        }
        #expect(error?.reason == "REQUEST_ID_USED")
      }
    }
  }

  @Test("of the same request many times at once one has the effect")
  func atOnce() async throws {
    try await with { fixture in
      let replies = try await withThrowingTaskGroup(of: Int64.self) { group in
        for _ in 0..<8 { group.addTask { try await perform("r1", in: fixture) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(replies == Array(repeating: 1, count: 8))
      #expect(try await fixture.database.read(Self.total, [], as: .worker)[0].int(0) == 1)
    }
  }

  @Test("a request whose effect failed may be repeated")
  func failed() async throws {
    struct Failure: Error {}
    try await with { fixture in
      let key = try key("r1")
      await #expect(throws: Failure.self) {
        try await fixture.database.transaction(as: .entity(7)) { transaction in
          try await RequestLedger(time: fixture.time).once(key, InternalV1.Entity(), in: transaction) {
            () async throws -> InternalV1.Entity in throw Failure()
          }
        }
      }
      let count1 = try await perform("r1", in: fixture)
      #expect(count1 == 1)
    }
  }

  @Test("an erased profile's replies are forgotten, and its requests still happen once")
  func forgotten() async throws {
    try await with { fixture in
      _ = try await perform("r1", profile: 42, in: fixture)
      try await fixture.database.transaction(as: .entity(7)) { transaction in
        try await RequestLedger(time: fixture.time).forget(profile: 42, of: 1, in: transaction)
      }
      let error = await #expect(throws: RPCError.self) { try await perform("r1", profile: 42, in: fixture) }
      #expect(error?.reason == "REPLY_FORGOTTEN")
    }
  }

  @Test("requests are remembered for 7 days")
  func memory() async throws {
    try await with { fixture in
      let ledger = RequestLedger(time: fixture.time)
      _ = try await perform("r1", in: fixture)
      fixture.time.advance(by: .seconds(7 * 86_400))
      #expect(try await ledger.sweep(in: fixture.database) == false)
      let count1 = try await perform("r1", in: fixture)
      #expect(count1 == 1)
      fixture.time.advance(by: .seconds(1))
      _ = try await ledger.sweep(in: fixture.database)
      let count2 = try await perform("r1", in: fixture)
      #expect(count2 == 2)
    }
  }

  @Test("an id that cannot be kept is refused", arguments: ["a b", "é", String(repeating: "x", count: 129)])
  func ids(id: String) {
    #expect(throws: RPCError.self) { try key(id) }
  }
}
