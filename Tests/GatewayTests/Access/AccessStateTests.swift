import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import Testing
import Values

@testable import Gateway

@Suite("Revocation at every copy", .timeLimit(.minutes(2)))
struct AccessStateTests {
  private typealias Service = AccessV1.AccessService

  /// How a copy answers a call that needs nothing but the token; nil: it serves it. Does not look again by itself.
  private func state(of copy: GatewayCopy, _ token: String) -> Refusal? {
    let authenticator = Authenticator(
      state: copy.state, tokens: TokenAuthority(key: copy.context.keys.own),
      signer: .init(service: .gateway, key: copy.context.keys.own), time: copy.context.time)
    do throws(RPCError) {
      _ = try authenticator.caller(of: CallOptions.bearer(token).metadata)
      return nil
    } catch {
      return Refusal(error)
    }
  }

  private func call(_ copy: GatewayCopy, _ token: String) async throws -> Refusal? {
    try await refusal { try await copy.call(Service.listEntities, AccessV1.ListEntitiesRequest(), token) }
  }

  private let revoked = Refusal(.unauthenticated, "KEY_REVOKED")

  @Test("the copy that revokes refuses at once, another copy on notice, while the clock stands still")
  func onNotice() async throws {
    try await GatewayFixture.with(copies: 2) { fixture in
      let made = try await fixture.createKey("b2c:forms:read")
      let token = try await fixture.token(made.secret)
      for copy in fixture.copies { #expect(try await call(copy, token) == nil) }
      try await fixture.revoke(made.key?.name ?? "")
      #expect(state(of: fixture.copies[0], token) == revoked)
      while state(of: fixture.copies[1], token) == nil { await Task.yield() }
      #expect(state(of: fixture.copies[1], token) == revoked)
      for copy in fixture.copies { #expect(try await call(copy, token) == revoked) }
    }
  }

  /// Changes access behind the gateways' backs, with no notice at all.
  private func silently(_ fixture: GatewayFixture, _ sql: String) async throws {
    try await fixture.asSuperuser { database in
      try await database.transaction(as: .none) { transaction in
        for statement in [sql, "update gateway.access_state set revision = revision + 1"] {
          try await transaction.execute(Statement(name: "test.change", sql: statement))
        }
      }
    }
  }

  @Test("without any notice, every copy knows 300 ms later")
  func byTheClock() async throws {
    try await GatewayFixture.with(copies: 2) { fixture in
      let made = try await fixture.createKey("b2c:forms:read")
      let token = try await fixture.token(made.secret)
      for copy in fixture.copies { #expect(try await call(copy, token) == nil) }
      try await silently(fixture, "update gateway.keys set revoke_time = now() where number > 1")
      for copy in fixture.copies { #expect(state(of: copy, token) == nil) }
      for _ in 0..<3 {
        // Each copy's clock task waits for the next tick.
        await fixture.time.untilSleeping(fixture.copies.count)
        fixture.time.advance(by: .milliseconds(100))
      }
      for copy in fixture.copies {
        while state(of: copy, token) == nil { await Task.yield() }
        #expect(state(of: copy, token) == revoked)
      }
    }
  }

  @Test("a copy that does not know yet looks before it refuses: a new key is good at every copy at once")
  func looksBeforeRefusing() async throws {
    try await GatewayFixture.with(copies: 2) { fixture in
      let secret = KeySecret(drawnFor: 4_711, randomness: RepeatableRandomness())
      let hash = secret.hash.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
      try await silently(
        fixture,
        """
        with made as (
          insert into gateway.keys (number, secret_hash, display_name, create_time)
          overriding system value values (4711, '\\x\(hash)', 'silent', now())
        )
        insert into gateway.key_grants values (4711, 0, null, 7, 2)
        """)
      for copy in fixture.copies {
        var request = AccessV1.ExchangeKeyRequest()
        request.secret = secret.text
        let token = try await copy.client.call(Service.exchangeKey, request).accessToken
        #expect(try await call(copy, token) == nil)
      }
    }
  }

  @Test("grants that are taken away or given hold at every copy")
  func changedGrants() async throws {
    try await GatewayFixture.with(copies: 2) { fixture in
      let made = try await fixture.createKey("b2c:profiles:read")
      let token = try await fixture.token(made.secret)
      func read(_ copy: GatewayCopy) async throws -> Refusal? {
        var request = ProfilesV1.GetProfileTableRequest()
        request.name = "entities/b2c/profileTables/customers"
        return try await refusal {
          try await copy.raw(ProfilesV1.ProfileService.getProfileTable.info, [try request.encoded()], token)
        }
      }
      for copy in fixture.copies { #expect(try await read(copy) == nil) }
      for (grant, expected) in [
        ("b2c:forms:read", Refusal(.permissionDenied, "RIGHT_MISSING")), ("b2c:profiles:read", nil),
        ("b2b:profiles:read", Refusal(.notFound, "RESOURCE_NOT_FOUND")),
      ] {
        var update = AccessV1.UpdateKeyRequest()
        update.key = made.key
        update.key?.grants = [.sample(grant)]
        update.updateMask = GoogleProtobuf.FieldMask()
        update.updateMask?.paths = ["grants"]
        _ = try await fixture.gateway.call(Service.updateKey, update, try await fixture.administratorToken())
        for copy in fixture.copies {
          while try await read(copy) != expected { await Task.yield() }
        }
      }
    }
  }

  @Test("while PostgreSQL hangs nobody is let in after one second, and everybody again when it answers")
  func hangingDatabase() async throws {
    try await GatewayFixture.with(copies: 2) { fixture in
      let token = try await fixture.administratorToken()
      try await fixture.asSuperuser { database in
        try await database.transaction(as: .none) { transaction in
          try await transaction.execute(
            Statement(name: "test.hang", sql: "lock table gateway.access_state in access exclusive mode"))
          for copy in fixture.copies { #expect(state(of: copy, token) == nil) }
          fixture.time.advance(by: .milliseconds(999))
          for copy in fixture.copies { #expect(state(of: copy, token) == nil) }
          fixture.time.advance(by: .milliseconds(1))
          let unknown = Refusal(.unavailable, "ACCESS_UNKNOWN")
          for copy in fixture.copies {
            #expect(state(of: copy, token) == unknown)
            #expect(try await call(copy, token) == unknown)
          }
        }
      }
      for copy in fixture.copies {
        while state(of: copy, token) != nil {
          fixture.time.advance(by: .milliseconds(100))
          await copy.state.look()
        }
        #expect(try await call(copy, token) == nil)
      }
    }
  }

  @Test("who asks for a look is answered when the state stops, too")
  func stopping() async throws {
    try await GatewayFixture.with { fixture in
      let state = AccessState(store: AccessStore(fixture.test.database), time: fixture.time, logger: .silent)
      await state.look()
      let running = Task { await state.run() }
      while (try? state.current()) == nil { await Task.yield() }
      let asking = Task { for _ in 0..<100 { await state.look() } }
      running.cancel()
      await running.value
      await asking.value
    }
  }

  @Test("a token's caller is kept once for each revision, and never more callers than there is room for")
  func cache() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.administratorToken()
      let authenticator = Authenticator(
        state: fixture.gateway.state, tokens: TokenAuthority(key: fixture.keys.own),
        signer: .init(service: .gateway, key: fixture.keys.own), time: fixture.time, capacity: 4)
      let metadata = CallOptions.bearer(token).metadata
      let first = try authenticator.caller(of: metadata)
      #expect(try authenticator.caller(of: metadata).caller === first.caller)
      try await fixture.createEntity("more")
      let second = try authenticator.caller(of: metadata)
      #expect(second.caller !== first.caller && second.metadata != first.metadata)
      #expect(second.caller.entities.count == first.caller.entities.count + 1)

      let cache = CallerCache(capacity: 4)
      func bytes(_ number: Int) -> ArraySlice<UInt8> { Array("\(number)".utf8)[...] }
      for number in 0..<100 {
        cache[bytes(number), revision: 1] = first
        #expect(cache.count <= 4)
      }
      #expect(cache[bytes(99), revision: 1] != nil)
      #expect(cache[bytes(99), revision: 2] == nil)
      #expect(cache[bytes(0), revision: 1] == nil)
    }
  }
}
