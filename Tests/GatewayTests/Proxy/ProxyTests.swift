import Messages
import NIOCore
import RPC
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Gateway

@Suite("What passes through", .timeLimit(.minutes(2)))
struct ProxyTests {
  private typealias Service = ProfilesV1.ProfileService

  private func get(_ entity: String = "b2c") throws -> [UInt8] {
    var request = ProfilesV1.GetProfileTableRequest()
    request.name = "entities/\(entity)/profileTables/customers"
    // What this build does not know passes as well: field 1000, a varint.
    request.unknownFields = [0xc0, 0x3e, 0x2a]
    return try request.encoded()
  }

  private func start(_ entity: String = "b2c") throws -> [UInt8] {
    var request = ProfilesV1.ImportProfilesRequest()
    var start = ProfilesV1.ImportProfilesStart()
    start.parent = "entities/\(entity)/profileTables/customers"
    request.part = .start(start)
    return try request.encoded()
  }

  private func chunk(_ text: String) throws -> [UInt8] {
    var request = ProfilesV1.ImportProfilesRequest()
    request.part = .chunk(Array(text.utf8))
    return try request.encoded()
  }

  @Test("bytes reach the service unchanged, and so does its answer")
  func unchanged() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read")
      let answer = try await fixture.gateway.raw(Service.getProfileTable.info, [try get()], token)
      #expect(answer == [try get()])
      #expect(fixture.backend.received.map(\.messages) == [[try get()]])
    }
  }

  @Test(
    "the caller's metadata passes without its credentials; the principal, the request's id and the peer come with it")
  func requestMetadata() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read", "-:forms:export")
      var options = CallOptions.bearer(token)
      options.metadata.append("x-request-id", "mine-1")
      options.metadata.append("x-campaign", "spring")
      options.metadata.append("x-raw-bin", bytes: [0, 1, 255])
      options.metadata.append("rapport-principal-bin", bytes: [1, 2, 3])
      options.metadata.append("rapport-anything", "forged")
      options.metadata.append("cookie", "session=1")
      options.timeout = .seconds(60)
      let message = ByteBuffer(bytes: try get())
      try await fixture.gateway.client.raw(path: Service.getProfileTable.info.path, options: options) {
        writer, answers in
        try await writer.send(message)
        try await writer.finish()
        while try await answers.next() != nil {}
      }
      let received = try #require(fixture.backend.received.first)
      #expect(received.hasDeadline)
      #expect(received.metadata.all("x-request-id") == ["mine-1"])
      #expect(received.metadata.all("x-campaign") == ["spring"])
      #expect(received.metadata.allBytes("x-raw-bin") == [[0, 1, 255]])
      #expect(received.metadata.first("rapport-peer")?.hasPrefix("127.0.0.1") == true)
      for name in ["authorization", "cookie", "rapport-anything"] { #expect(received.metadata.all(name).isEmpty) }
      let principals = received.metadata.allBytes("rapport-principal-bin")
      #expect(principals.count == 1)
      let verifier = PrincipalVerifier(service: .profiles, keys: fixture.keys.trusted, time: fixture.time)
      let verified = try verifier.verify(try #require(principals.first))
      #expect(verified.principal.kind == .apiKey && verified.principal.subject.hasPrefix("keys/"))
      #expect(verified.principal.entities.map(\.key) == ["b2b", "b2c", "b2g"])
      #expect(verified.principal.entities.allSatisfy { $0.timeZone == "Europe/Brussels" && $0.id > 0 })
      let numbers = Dictionary(uniqueKeysWithValues: verified.principal.entities.map { ($0.key, $0.id) })
      #expect(verified.access.allows(.read, of: .profiles, in: numbers["b2c"] ?? 0))
      #expect(!verified.access.allows(.read, of: .profiles, in: numbers["b2b"] ?? 0))
      #expect(verified.access.allows(.export, of: .forms, in: numbers["b2b"] ?? 0))
    }
  }

  @Test("a token's principal is signed once, and again only when access has changed")
  func signedOnce() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read")
      for _ in 0..<3 { _ = try await fixture.gateway.raw(Service.getProfileTable.info, [try get()], token) }
      try await fixture.createEntity("more")
      _ = try await fixture.gateway.raw(Service.getProfileTable.info, [try get()], token)
      let principals = fixture.backend.received.map { $0.metadata.firstBytes("rapport-principal-bin") }
      // The signatures of equal principals are equal (RFC 8032 is deterministic), so what differs is what was signed.
      #expect(Set(principals.prefix(3)).count == 1)
      #expect(principals.count == 4)
    }
  }

  @Test("the service's metadata, before and after its answer, reaches the caller")
  func responseMetadata() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read")
      let message = ByteBuffer(bytes: try get())
      let path = Service.getProfileTable.info.path
      try await fixture.gateway.client.raw(path: path, options: .bearer(token)) { writer, answers in
        try await writer.send(message)
        try await writer.finish()
        #expect(try await answers.initialMetadata.first("backend-initial") == "began")
        while try await answers.next() != nil {}
        #expect(await answers.trailingMetadata.first("backend-trailing") == "ended")
      }
    }
  }

  @Test("the service's status passes whole: code, message, details of any type, trailing metadata")
  func status() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read")
      var failure = RPCError(
        .failedPrecondition, "Déjà vu; 100 %.", reason: "SAMPLE",
        fieldViolations: [FieldViolation(field: "a.b", description: "c")], resource: "entities/b2c")
      failure.details.append(StatusDetail(typeURL: "type.googleapis.com/x.Unknown", value: [1, 2, 3]))
      failure.metadata.append("backend-error", "yes")
      fixture.backend.fail(with: failure)
      for method in [Service.getProfileTable.info, Service.exportProfiles.info, Service.importProfiles.info] {
        let token = method == Service.getProfileTable.info ? token : try await fixture.administratorToken()
        let request = method == Service.importProfiles.info ? try start() : try get()
        let error = try #require(try await error { try await fixture.gateway.raw(method, [request], token) })
        #expect(error.code == failure.code && error.message == failure.message && error.details == failure.details)
        #expect(error.metadata.first("backend-error") == "yes", "\(method)")
      }
    }
  }

  @Test("streams pass in both directions, message by message")
  func streams() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:write", "b2c:profiles:export")
      let messages = [try start()] + (try (0..<50).map { try chunk("line \($0)") })
      let answer = try await fixture.gateway.raw(Service.importProfiles.info, messages, token)
      #expect(answer == [messages[50]])
      #expect(fixture.backend.received.first?.messages == messages)
      let exported = try await fixture.gateway.raw(Service.exportProfiles.info, [try get()], token)
      #expect(exported == [try get()])
    }
  }

  @Test("a later message of a stream is walked as the first: a foreign name ends the call on both sides")
  func laterMessages() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:write")
      let messages = [try start(), try chunk("a"), try start("b2b"), try chunk("b")]
      let refused = try await refusal {
        try await fixture.gateway.raw(Service.importProfiles.info, messages, token)
      }
      #expect(refused == Refusal(.notFound, "RESOURCE_NOT_FOUND"))
      while fixture.backend.received.first.map({ $0.outcome == nil }) ?? false { await Task.yield() }
      let received = fixture.backend.received
      #expect(received.allSatisfy { $0.messages.count <= 2 && $0.outcome == .cancelled })
    }
  }

  @Test("a key that is revoked while a stream goes on ends the stream with its next message")
  func revokedMeanwhile() async throws {
    try await GatewayFixture.with { fixture in
      let made = try await fixture.createKey("b2c:profiles:write")
      let token = try await fixture.token(made.secret)
      let (first, second) = (ByteBuffer(bytes: try start()), ByteBuffer(bytes: try chunk("a")))
      let path = Service.importProfiles.info.path
      let refused = try await refusal {
        try await fixture.gateway.client.raw(path: path, options: .bearer(token)) { writer, answers in
          try await writer.send(first)
          while fixture.backend.received.first?.messages.count != 1 { await Task.yield() }
          try await fixture.revoke(made.key?.name ?? "")
          try? await writer.send(second)
          _ = try await answers.next()
        }
      }
      #expect(refused == Refusal(.unauthenticated, "KEY_REVOKED"))
      while fixture.backend.received.first?.outcome == nil { await Task.yield() }
      #expect(fixture.backend.received.first?.messages.count == 1)
      #expect(fixture.backend.received.first?.outcome == .cancelled)
    }
  }

  @Test("a caller that gives up ends the call at the service")
  func cancelled() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:write")
      let first = ByteBuffer(bytes: try start())
      let path = Service.importProfiles.info.path
      let call = Task {
        try await fixture.gateway.client.raw(path: path, options: .bearer(token)) { writer, answers in
          try await writer.send(first)
          _ = try await answers.next()
        }
      }
      while fixture.backend.received.first?.messages.count != 1 { await Task.yield() }
      call.cancel()
      _ = await call.result
      while fixture.backend.received.first?.outcome == nil { await Task.yield() }
      #expect(fixture.backend.received.first?.outcome == .cancelled)
    }
  }

  @Test("bytes that are no request are refused, and never reach a service")
  func malformed() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read")
      for bytes: [UInt8] in [[0x0a], [0x0a, 0x05, 0x61], [0xff, 0xff, 0xff], [0x0a, 0x01, 0xff], [0x04]] {
        let refused = try await refusal { try await fixture.gateway.raw(Service.getProfileTable.info, [bytes], token) }
        #expect(refused == Refusal(.invalidArgument, "MALFORMED_REQUEST"), "\(bytes)")
      }
      #expect(fixture.backend.received.isEmpty)
    }
  }

  @Test("a second message for a method that takes one is refused")
  func twoMessages() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read")
      let refused = try await refusal {
        try await fixture.gateway.raw(Service.getProfileTable.info, [try get(), try get()], token)
      }
      #expect(refused == Refusal(.invalidArgument, "NOT_ONE_MESSAGE"))
      #expect(fixture.backend.received.isEmpty)
    }
  }

  @Test("a name that stands twice is checked twice: the last one counts for services")
  func twice() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read")
      for request in [try get() + get("b2b"), try get("b2b") + get()] {
        let refused = try await refusal {
          try await fixture.gateway.raw(Service.getProfileTable.info, [request], token)
        }
        #expect(refused == Refusal(.notFound, "RESOURCE_NOT_FOUND"))
      }
    }
  }

  @Test("a service that is down is unavailable, and the answer says which")
  func down() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:profiles:read")
      await fixture.backend.stop()
      let error = try #require(
        try await error { try await fixture.gateway.raw(Service.getProfileTable.info, [try get()], token) })
      #expect(Refusal(error) == Refusal(.unavailable, "SERVICE_UNAVAILABLE"))
      #expect(error.message.contains("profiles"))
    }
  }
}
