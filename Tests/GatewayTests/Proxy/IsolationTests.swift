import Messages
import RPC
import ServiceKit
import Testing

@testable import Gateway

@Suite("Nobody reaches into an entity that is not theirs", .timeLimit(.minutes(5)))
struct IsolationTests {
  private static func proxied() throws -> [PublicMethod] {
    try PublicMethods.ofSuite().all.filter { $0.service != .gateway }
  }

  @Test(
    "in every field of every request that names a resource: a foreign name is not found, and nothing reaches a service")
  func everyField() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(
        granted: "b2c:all:write", "b2c:all:launch", "b2c:all:export", "b2c:all:erase", "b2c:all:administer")
      var count = 0
      for method in try Self.proxied() {
        for field in ResourceFields.all(in: method.info.request) {
          let target = WireSample.target(of: method.info, in: "b2c")
          func request(_ entity: String) -> [UInt8] {
            target
              + WireSample.message(
                method.info.request, steps: field.steps, text: WireSample.name(in: entity, of: field))
          }
          let place = "\(method.info.path) \(field.path)"
          var answers: [String] = []
          for entity in ["b2b", "nil"] {
            let error = try await error { try await fixture.gateway.raw(method.info, [request(entity)], token) }
            #expect(error.map(Refusal.init) == Refusal(.notFound, "RESOURCE_NOT_FOUND"), "\(place)")
            answers.append(error?.message.replacing(entity, with: "…") ?? "")
          }
          #expect(answers[0] == answers[1], "\(place)")
          #expect(fixture.backend.received.isEmpty, "\(place)")
          // The same request within the caller's own entity goes through: the field alone made the difference.
          let own = try await refusal { try await fixture.gateway.raw(method.info, [request("b2c")], token) }
          #expect(own == nil, "\(place)")
          #expect(fixture.backend.received.map(\.path) == [method.info.path], "\(place)")
          fixture.backend.forget()
          count += 1
        }
      }
      #expect(count > 100)
    }
  }

  @Test("every method needs a token, and its right")
  func everyMethod() async throws {
    try await GatewayFixture.with { fixture in
      let stranger = try await fixture.token(granted: "b2c:access:read")
      for method in try Self.proxied() {
        let request = WireSample.target(of: method.info, in: "b2c")
        #expect(
          try await refusal { try await fixture.gateway.raw(method.info, [request], "") }
            == Refusal(.unauthenticated, "TOKEN_MISSING"), "\(method.info.path)")
        #expect(
          try await refusal { try await fixture.gateway.raw(method.info, [request], stranger) }
            == Refusal(.permissionDenied, "RIGHT_MISSING"), "\(method.info.path)")
        #expect(
          try await refusal { try await fixture.gateway.raw(method.info, [[]], stranger) }
            == Refusal(.invalidArgument, "NO_RESOURCE_NAMED"), "\(method.info.path)")
        #expect(
          try await refusal { try await fixture.gateway.raw(method.info, [], stranger) }?.code == .invalidArgument,
          "\(method.info.path)")
      }
      #expect(fixture.backend.received.isEmpty)
    }
  }

  @Test("every entity can be meant by lists alone")
  func wildcard() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:all:write", "b2c:all:export")
      for method in try Self.proxied() {
        let request = WireSample.target(of: method.info, in: "-")
        let name = "entities/-/things/1"
        let list = WireSample.message(method.info.request, steps: ["parent"], text: "entities/-")
        #expect(
          try await refusal { try await fixture.gateway.raw(method.info, [request], token) }
            == Refusal(.invalidArgument, "WILDCARD_MISPLACED"), "\(method.info.path) \(name)")
        guard !list.isEmpty else { continue }
        let isList = method.info.name.hasPrefix("List") || method.info.name.hasPrefix("Search")
        #expect(
          try await refusal { try await fixture.gateway.raw(method.info, [list], token) }
            == (isList ? nil : Refusal(.invalidArgument, "WILDCARD_MISPLACED")), "\(method.info.path)")
      }
      #expect(!fixture.backend.received.isEmpty)
    }
  }

  @Test("internal methods and those that do not exist are not there, with any key")
  func internalMethods() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.administratorToken()
      let known = MessageRegistry.services.flatMap(\.methods).map(\.path).filter { $0.hasPrefix("/rapport.internal.") }
      #expect(known.count > 5)
      for path in known + [
        "/rapport.profiles.v1.ProfileService/Nothing", "/rapport.profiles.v1.profileservice/GetProfile",
        "/rapport.profiles.v1.ProfileService/GetProfile/", "/rapport.profiles.v1.ProfileService/../GetProfile", "/",
      ] {
        for token in [token, ""] {
          #expect(
            try await refusal {
              try await fixture.gateway.client.raw(path: path, options: .bearer(token)) { writer, responses in
                try await writer.finish()
                _ = try await responses.next()
              }
            } == Refusal(.unimplemented, "METHOD_UNKNOWN"), "\(path)")
        }
      }
      #expect(fixture.backend.received.isEmpty)
    }
  }

  @Test("reflection shows the public API and nothing internal")
  func reflection() async throws {
    try await GatewayFixture.with { fixture in
      let names = try await fixture.gateway.client.reflectedServices()
      #expect(names.isSuperset(of: Set(try PublicMethods.ofSuite().all.map(\.info.service))))
      #expect(!names.contains { $0.hasPrefix("rapport.internal.") })
    }
  }
}
