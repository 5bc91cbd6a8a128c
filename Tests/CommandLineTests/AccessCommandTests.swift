import Messages
import RPC
import Synchronization
import Testing

@testable import CommandLineTool

@Suite("rapport entities and keys")
struct AccessCommandTests {
  @Test("an entity is created with its name and time zone")
  func createEntity() async throws {
    let seen = Mutex<AccessV1.CreateEntityRequest?>(nil)
    try await SuiteFixture.run {
      $0.handle(AccessV1.AccessService.createEntity) { request, _ in
        seen.withLock { $0 = request }
        var entity = request.entity ?? .init()
        entity.name = "entities/\(request.entityId)"
        return entity
      }
    } _: { suite in
      let create = try await suite.rapport.run(
        "entities", "create", "b2c", "--display-name", "Consumers", "--time-zone", "Europe/Brussels", "--request-id",
        "r")
      #expect(
        create.output == """
          Name          entities/b2c
          Display name  Consumers
          Time zone     Europe/Brussels

          """)
      let request = try #require(seen.withLock { $0 })
      #expect(request.entityId == "b2c")
      #expect(request.requestId == "r")
    }
  }

  @Test("an entity that is there already fails in the form that programs look for")
  func alreadyThere() async throws {
    try await SuiteFixture.run {
      $0.handle(AccessV1.AccessService.createEntity) { _, _ in
        throw RPCError(.alreadyExists, "There is an entity b2c already.", reason: "ENTITY_EXISTS")
      }
    } _: { suite in
      let create = try await suite.rapport.run("entities", "create", "b2c", "-o", "json")
      #expect(create.status == 1)
      #expect(create.lastErrorLine.hasPrefix(#"{"error":{"code":"ALREADY_EXISTS","#))
    }
  }

  @Test("an update changes what is given and nothing else")
  func updateEntity() async throws {
    let seen = Mutex<AccessV1.UpdateEntityRequest?>(nil)
    try await SuiteFixture.run {
      $0.handle(AccessV1.AccessService.updateEntity) { request, _ in
        seen.withLock { $0 = request }
        return request.entity ?? .init()
      }
    } _: { suite in
      _ = try await suite.rapport.run("entities", "update", "entities/b2c", "--display-name", "")
      let request = try #require(seen.withLock { $0 })
      #expect(request.entity?.name == "entities/b2c")
      #expect(request.updateMask?.paths == ["display_name"])
    }
  }

  @Test("a key is created with its grants and its end, and its secret is shown")
  func createKey() async throws {
    let seen = Mutex<AccessV1.Key?>(nil)
    try await SuiteFixture.run {
      $0.handle(AccessV1.AccessService.createKey) { request, _ in
        seen.withLock { $0 = request.key }
        var answer = AccessV1.CreateKeyResponse()
        answer.key = request.key
        answer.key?.name = "keys/7"
        answer.secret = "rk_7_secret"
        return answer
      }
    } _: { suite in
      let arguments = [
        "keys", "create", "--display-name", "Shop", "--grant", "b2c:profiles:write", "--grant", "-:all:export",
        "--expires", "2030-01-01T00:00:00Z",
      ]
      let people = try await suite.rapport.run(arguments)
      #expect(people.output.contains("Grants        b2c:profiles:write -:all:export"))
      #expect(people.output.contains("Secret  rk_7_secret"))
      let key = try #require(seen.withLock { $0 })
      #expect(key.grants.map(\.entity) == ["entities/b2c", "entities/-"])
      #expect(key.grants.map(\.module) == [.profiles, .all])
      #expect(key.grants.map(\.right) == [.write, .export])
      #expect(key.expireTime?.seconds == 1_893_456_000)
      let program = try await suite.rapport.run(arguments + ["-o", "json"])
      #expect(program.output.contains(#""secret":"rk_7_secret""#))
    }
  }
}
