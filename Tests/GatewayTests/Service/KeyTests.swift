import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import Testing
import Values

@testable import Gateway

@Suite("Keys and tokens")
struct KeyTests {
  private typealias Service = AccessV1.AccessService

  @Test("a key is made, shown once, found, listed, changed and revoked")
  func lifecycle() async throws {
    try await GatewayFixture.with { fixture in
      let admin = try await fixture.administratorToken()
      let made = try await fixture.createKey("b2c:profiles:write", "-:forms:read")
      let key = try #require(made.key)
      #expect(made.secret.hasPrefix("rk_\(key.name.dropFirst(5))_"))
      #expect(key.grants == [.sample("b2c:profiles:write"), .sample("-:forms:read")])
      var get = AccessV1.GetKeyRequest()
      get.name = key.name
      #expect(try await fixture.gateway.call(Service.getKey, get, admin) == key)
      var update = AccessV1.UpdateKeyRequest()
      update.key = AccessV1.Key()
      update.key?.name = key.name
      update.key?.grants = [.sample("b2b:hooks:erase")]
      let changed = try await fixture.gateway.call(Service.updateKey, update, admin)
      #expect(changed.grants == [.sample("b2b:hooks:erase")] && changed.displayName == key.displayName)
      try await fixture.revoke(key.name)
      let revoked = try await fixture.gateway.call(Service.getKey, get, admin)
      #expect(revoked.revokeTime != nil)
      try await fixture.revoke(key.name)
      #expect(try await fixture.gateway.call(Service.getKey, get, admin) == revoked)
      let all = try await fixture.gateway.call(Service.listKeys, AccessV1.ListKeysRequest(), admin)
      #expect(all.keys.map(\.name) == ["keys/1", key.name] && all.keys.last == revoked)
      #expect(
        try await refusal { try await fixture.gateway.call(Service.updateKey, update, admin) }
          == Refusal(.failedPrecondition, "KEY_REVOKED"))
    }
  }

  @Test("a caller learns who it is and what it may do")
  func caller() async throws {
    try await GatewayFixture.with { fixture in
      let made = try await fixture.createKey("b2c:profiles:read")
      let token = try await fixture.token(made.secret)
      let caller = try await fixture.gateway.call(Service.getCaller, AccessV1.GetCallerRequest(), token)
      #expect(caller.subject == made.key?.name && caller.grants == [.sample("b2c:profiles:read")])
      let end = try #require(caller.tokenExpireTime?.instant)
      #expect(end <= fixture.time.now.advanced(by: .seconds(900)))
      #expect(end > fixture.time.now.advanced(by: .seconds(898)))
    }
  }

  @Test("a token lives for a quarter of an hour, and its key buys another")
  func tokenLife() async throws {
    try await GatewayFixture.with { fixture in
      let made = try await fixture.createKey("b2c:profiles:read")
      let token = try await fixture.token(made.secret)
      func call() async throws -> Refusal? {
        try await refusal {
          try await fixture.gateway.call(Service.listEntities, AccessV1.ListEntitiesRequest(), token)
        }
      }
      #expect(try await call() == nil)
      try await fixture.wait(.seconds(898))
      #expect(try await call() == nil)
      try await fixture.wait(.seconds(2))
      #expect(try await call() == Refusal(.unauthenticated, "TOKEN_EXPIRED"))
      #expect(try await fixture.token(made.secret) != token)
    }
  }

  @Test("a key's expiry ends its tokens too, and buys none after")
  func keyExpiry() async throws {
    try await GatewayFixture.with { fixture in
      let end = fixture.time.now.advanced(by: .seconds(60))
      let made = try await fixture.createKey("b2c:profiles:read", expires: end)
      let token = try await fixture.token(made.secret)
      try await fixture.wait(.seconds(61))
      let request = AccessV1.ListEntitiesRequest()
      let refused = try await refusal { try await fixture.gateway.call(Service.listEntities, request, token) }
      #expect(refused == Refusal(.unauthenticated, "TOKEN_EXPIRED"))
      #expect(
        try await refusal { try await fixture.token(made.secret) } == Refusal(.unauthenticated, "KEY_EXPIRED"))
    }
  }

  @Test("an expiry that is brought forward ends running tokens")
  func expiryBroughtForward() async throws {
    try await GatewayFixture.with { fixture in
      let made = try await fixture.createKey("b2c:profiles:read")
      let token = try await fixture.token(made.secret)
      var update = AccessV1.UpdateKeyRequest()
      update.key = AccessV1.Key()
      update.key?.name = made.key?.name ?? ""
      update.key?.expireTime = GoogleProtobuf.Timestamp(fixture.time.now.advanced(by: .seconds(60)))
      _ = try await fixture.gateway.call(Service.updateKey, update, try await fixture.administratorToken())
      try await fixture.wait(.seconds(61))
      #expect(
        try await refusal {
          try await fixture.gateway.call(Service.listEntities, AccessV1.ListEntitiesRequest(), token)
        } == Refusal(.unauthenticated, "KEY_EXPIRED"))
    }
  }

  @Test("a secret that no key has is refused alike, whether its key exists or not")
  func wrongSecrets() async throws {
    try await GatewayFixture.with { fixture in
      let randomness = RepeatableRandomness()
      for text in [
        KeySecret(drawnFor: 1, randomness: randomness).text, KeySecret(drawnFor: 4_711, randomness: randomness).text,
        "",
        "rk_1_", fixture.administrator + "A", fixture.administrator.uppercased(),
        String(fixture.administrator.dropLast()),
      ] {
        let error = try #require(try await error { try await fixture.token(text) })
        #expect(Refusal(error) == Refusal(.unauthenticated, "KEY_INVALID"))
        #expect(text.isEmpty || !error.message.contains(text))
      }
    }
  }

  @Test("calls without a token, or with what is none, are told so")
  func noToken() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.administratorToken()
      func call(_ values: [String]) async throws -> Refusal? {
        var options = CallOptions()
        for value in values { options.metadata.append("authorization", value) }
        return try await refusal {
          try await fixture.gateway.client.call(Service.getCaller, AccessV1.GetCallerRequest(), options: options)
        }
      }
      #expect(try await call([]) == Refusal(.unauthenticated, "TOKEN_MISSING"))
      for values in [
        [token], ["Basic \(token)"], ["Bearer"], ["Bearer \(token)x"], ["Bearer \(token) x"],
        ["Bearer \(fixture.administrator)"], ["Bearer \(token)", "Bearer \(token)"],
      ] {
        #expect(try await call(values) == Refusal(.unauthenticated, "TOKEN_INVALID"), "\(values.map { $0.prefix(9) })")
      }
      #expect(try await call(["bearer \(token)"]) == nil)
    }
  }

  @Test("neither secrets nor tokens are stored anywhere in the database")
  func notStored() async throws {
    try await GatewayFixture.with { fixture in
      let made = try await fixture.createKey("b2c:profiles:read")
      let token = try await fixture.token(made.secret)
      let found = try await fixture.asSuperuser { database in
        var rows = ""
        for table in ["access_state", "entities", "keys", "key_grants", "requests", "audit_records"] {
          let statement = Statement(
            name: "test.dump", sql: "select row_to_json(line)::text from gateway.\(table) as line")
          for row in try await database.read(statement, [], as: .none) { rows += try row.text(0) }
        }
        return rows
      }
      #expect(found.contains(made.key?.displayName ?? "?"))
      for secret in [made.secret, fixture.administrator, token] {
        #expect(!found.contains(secret.suffix(30)))
        let raw = try #require(Base64URL.decode(Array(secret.utf8.suffix(43).suffix(40))))
        #expect(!found.contains(raw.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()))
      }
    }
  }

  @Test("everything that is wrong in a key is told, by field")
  func violations() async throws {
    try await GatewayFixture.with { fixture in
      var request = AccessV1.CreateKeyRequest()
      request.key = .sample(["b2c:profiles:read", "b2c:nothing:read", "b2c:forms:public"], displayName: "")
      request.key?.grants[0].entity = "b2c"
      request.key?.expireTime = GoogleProtobuf.Timestamp(fixture.time.now)
      let token = try await fixture.administratorToken()
      let error = try #require(try await error { try await fixture.gateway.call(Service.createKey, request, token) })
      #expect(Refusal(error) == Refusal(.invalidArgument, "INVALID_FIELDS"))
      #expect(
        error.fieldViolations.map(\.field) == [
          "key.display_name", "key.grants[0].entity", "key.grants[1].module", "key.grants[2].right", "key.expire_time",
        ])
    }
  }
}

@Suite("Who administers one entity")
struct DelegatedAdministrationTests {
  private typealias Service = AccessV1.AccessService

  private func create(_ fixture: GatewayFixture, _ token: String, _ grants: String...) async throws -> Refusal? {
    var request = AccessV1.CreateKeyRequest()
    request.key = .sample(grants)
    return try await refusal { try await fixture.gateway.call(Service.createKey, request, token) }
  }

  @Test("gives rights there, and nowhere else")
  func noEscalation() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:access:administer", "b2g:all:write")
      #expect(try await create(fixture, token, "b2c:all:erase") == nil)
      let denied = Refusal(.permissionDenied, "RIGHT_MISSING")
      #expect(try await create(fixture, token, "-:forms:read") == denied)
      #expect(try await create(fixture, token, "b2g:forms:read") == denied)
      #expect(try await create(fixture, token, "b2c:forms:read", "b2g:forms:read") == denied)
      #expect(try await create(fixture, token) == denied)
      #expect(try await create(fixture, token, "b2b:forms:read") == Refusal(.notFound, "RESOURCE_NOT_FOUND"))
      #expect(try await create(fixture, token, "nil:forms:read") == Refusal(.notFound, "RESOURCE_NOT_FOUND"))
    }
  }

  @Test("makes no entity, and changes only its own")
  func entities() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:access:administer", "b2g:forms:read")
      let denied = Refusal(.permissionDenied, "RIGHT_MISSING")
      #expect(
        try await refusal {
          try await fixture.gateway.call(Service.createEntity, .sample("mine"), token)
        } == denied)
      func rename(_ id: String) async throws -> Refusal? {
        var update = AccessV1.UpdateEntityRequest()
        update.entity = AccessV1.Entity()
        update.entity?.name = "entities/\(id)"
        update.entity?.displayName = "Mine"
        return try await refusal { try await fixture.gateway.call(Service.updateEntity, update, token) }
      }
      #expect(try await rename("b2c") == nil)
      #expect(try await rename("b2g") == denied)
      #expect(try await rename("b2b") == Refusal(.notFound, "RESOURCE_NOT_FOUND"))
    }
  }

  @Test("neither sees nor touches keys that reach further")
  func keys() async throws {
    try await GatewayFixture.with { fixture in
      let own = try #require(try await fixture.createKey("b2c:forms:read").key)
      let wider = try #require(try await fixture.createKey("b2c:forms:read", "b2b:forms:read").key)
      let token = try await fixture.token(granted: "b2c:access:administer")
      let listed = try await fixture.gateway.call(Service.listKeys, AccessV1.ListKeysRequest(), token).keys.map(\.name)
      #expect(listed.contains(own.name) && !listed.contains(wider.name) && !listed.contains("keys/1"))
      let missing = Refusal(.notFound, "RESOURCE_NOT_FOUND")
      for name in [wider.name, "keys/1", "keys/4711"] {
        var get = AccessV1.GetKeyRequest()
        get.name = name
        #expect(try await refusal { try await fixture.gateway.call(Service.getKey, get, token) } == missing)
        var revoke = AccessV1.RevokeKeyRequest()
        revoke.name = name
        #expect(try await refusal { try await fixture.gateway.call(Service.revokeKey, revoke, token) } == missing)
        var update = AccessV1.UpdateKeyRequest()
        update.key = .sample(["b2c:all:write"])
        update.key?.name = name
        #expect(try await refusal { try await fixture.gateway.call(Service.updateKey, update, token) } == missing)
      }
    }
  }

  @Test("a key without the right to administer access reaches none of its methods")
  func withoutRight() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "-:all:administer", "-:access:write")
      let denied = Refusal(.permissionDenied, "RIGHT_MISSING")
      #expect(
        try await refusal { try await fixture.gateway.call(Service.listKeys, AccessV1.ListKeysRequest(), token) }
          == denied)
      #expect(try await create(fixture, token, "b2c:forms:read") == denied)
      var get = AccessV1.GetKeyRequest()
      get.name = "keys/1"
      #expect(try await refusal { try await fixture.gateway.call(Service.getKey, get, token) } == denied)
    }
  }
}

@Suite("The audit of access")
struct AccessAuditTests {
  @Test("every change leaves who, what, when, from where, with the definition before and after")
  func records() async throws {
    try await GatewayFixture.with { fixture in
      let key = try #require(try await fixture.createKey("b2c:forms:read").key)
      try await fixture.revoke(key.name)
      let (rows, now) = (try await Self.records(fixture), fixture.time.now)
      #expect(rows.map(\.resource).suffix(2) == [key.name, key.name])
      #expect(rows.prefix(4).map(\.resource) == ["keys/1", "entities/b2c", "entities/b2b", "entities/b2g"])
      let last = try #require(rows.last)
      #expect(last.subject == "keys/1" && last.method.hasSuffix("/RevokeKey") && last.time == now)
      #expect(last.peer.hasPrefix("127.0.0.1") && !last.request.isEmpty)
      #expect(last.before?.contains("entities/b2c") == true && last.before?.contains("revokeTime") == false)
      #expect(last.after?.contains("revokeTime") == true)
    }
  }

  @Test("what was refused leaves nothing")
  func refused() async throws {
    try await GatewayFixture.with { fixture in
      let before = try await Self.records(fixture).count
      _ = try await refusal { try await fixture.createEntity("b2c") }
      _ = try await refusal { try await fixture.createEntity("BAD") }
      _ = try await refusal { try await fixture.revoke("keys/4711") }
      #expect(try await Self.records(fixture).count == before)
    }
  }

  private struct Record {
    var subject, method, resource, peer, request: String
    var time: Timestamp
    var before, after: String?
  }

  private static func records(_ fixture: GatewayFixture) async throws -> [Record] {
    let statement = Statement(
      name: "test.audit",
      sql: """
        select subject, method, resource, peer, request, time, before::text, after::text
        from audit_records
        order by number
        """)
    return try await fixture.test.database.read(statement, as: .worker).map { row in
      Record(
        subject: try row.text(0), method: try row.text(1), resource: try row.text(2), peer: try row.text(3),
        request: try row.text(4), time: try row.timestamp(5), before: try row.optionalText(6),
        after: try row.optionalText(7))
    }
  }
}
