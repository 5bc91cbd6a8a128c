import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKitTesting
import Testing

@testable import Gateway

@Suite("Entities")
struct EntityTests {
  private typealias Service = AccessV1.AccessService

  @Test("an entity is made, found, listed and changed")
  func lifecycle() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.administratorToken()
      let made = try await fixture.createEntity("nl-2")
      #expect(made.name == "entities/nl-2" && made.timeZone == "Europe/Brussels" && made.createTime != nil)
      var get = AccessV1.GetEntityRequest()
      get.name = made.name
      #expect(try await fixture.gateway.call(Service.getEntity, get, token) == made)
      try await fixture.wait(.seconds(5))
      var update = AccessV1.UpdateEntityRequest()
      update.entity = AccessV1.Entity()
      update.entity?.name = made.name
      update.entity?.timeZone = "Europe/Amsterdam"
      let changed = try await fixture.gateway.call(Service.updateEntity, update, token)
      #expect(changed.timeZone == "Europe/Amsterdam" && changed.displayName == made.displayName)
      #expect(changed.createTime == made.createTime && changed.updateTime != made.updateTime)
      let all = try await fixture.gateway.call(Service.listEntities, AccessV1.ListEntitiesRequest(), token)
      #expect(all.entities.map(\.name) == ["entities/b2b", "entities/b2c", "entities/b2g", "entities/nl-2"])
      #expect(all.entities.last == changed)
    }
  }

  @Test("pages of any size give every entity once, in order", arguments: 1...5)
  func pages(size: Int) async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.administratorToken()
      try await fixture.createEntity("x")
      var request = AccessV1.ListEntitiesRequest()
      request.pageSize = Int32(size)
      var names: [String] = []
      repeat {
        let page = try await fixture.gateway.call(Service.listEntities, request, token)
        #expect(page.entities.count <= size)
        names += page.entities.map(\.name)
        request.pageToken = page.nextPageToken
      } while !request.pageToken.isEmpty
      #expect(names == ["b2b", "b2c", "b2g", "x"].map { "entities/\($0)" })
      request.pageToken = "AAAA"
      #expect(
        try await refusal { try await fixture.gateway.call(Service.listEntities, request, token) }
          == Refusal(.invalidArgument, "INVALID_PAGE_TOKEN"))
    }
  }

  @Test("a caller sees the entities where it has any right, and no others")
  func visible() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "b2c:forms:read", "b2g:hooks:launch")
      let all = try await fixture.gateway.call(Service.listEntities, AccessV1.ListEntitiesRequest(), token)
      #expect(all.entities.map(\.name) == ["entities/b2c", "entities/b2g"])
      var get = AccessV1.GetEntityRequest()
      var answers: [String] = []
      for id in ["b2b", "nil"] {
        get.name = "entities/\(id)"
        let error = try #require(try await error { try await fixture.gateway.call(Service.getEntity, get, token) })
        #expect(Refusal(error) == Refusal(.notFound, "RESOURCE_NOT_FOUND"))
        answers.append(error.message.replacing(id, with: "…"))
      }
      #expect(answers[0] == answers[1])
    }
  }

  @Test("a new entity is within a grant for every entity at once")
  func laterOnes() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.token(granted: "-:profiles:read")
      try await fixture.createEntity("later")
      var get = AccessV1.GetEntityRequest()
      get.name = "entities/later"
      #expect(try await fixture.gateway.call(Service.getEntity, get, token).name == "entities/later")
    }
  }

  @Test("everything that is wrong in a new entity is told, by field")
  func violations() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.administratorToken()
      let request = AccessV1.CreateEntityRequest.sample(
        "B2C", displayName: "", timeZone: "+02:00", requestID: "with space")
      let error = try #require(
        try await error { try await fixture.gateway.call(Service.createEntity, request, token) })
      #expect(Refusal(error) == Refusal(.invalidArgument, "INVALID_FIELDS"))
      #expect(
        error.fieldViolations.map(\.field) == ["entity_id", "request_id", "entity.display_name", "entity.time_zone"])
    }
  }

  @Test(
    "only names of the IANA database are time zones",
    arguments: [
      ("Europe/Brussels", true), ("America/Argentina/Buenos_Aires", true), ("UTC", true), ("europe/brussels", false),
      ("CET", false), ("GMT+1", false), ("Europe/Atlantis", false), ("../etc/passwd", false),
      ("Europe/Brussels ", false),
      ("", false),
    ])
  func timeZones(name: String, isOne: Bool) {
    var checks = FieldChecks()
    checks.timeZone(name, at: "time_zone")
    #expect(checks.violations.isEmpty == isOne)
  }

  @Test("an id is never given twice")
  func taken() async throws {
    try await GatewayFixture.with { fixture in
      let refused = try await refusal { try await fixture.createEntity("b2c") }
      #expect(refused == Refusal(.alreadyExists, "ENTITY_EXISTS"))
    }
  }

  @Test("a repeated request answers what the first did; its id with another request is refused")
  func repeated() async throws {
    try await GatewayFixture.with { fixture in
      let first = try await fixture.createEntity("again", requestID: "r-1")
      try await fixture.wait(.seconds(1))
      #expect(try await fixture.createEntity("again", requestID: "r-1") == first)
      #expect(
        try await refusal { try await fixture.createEntity("other", requestID: "r-1") }
          == Refusal(.failedPrecondition, "REQUEST_ID_USED"))
      #expect(
        try await refusal { try await fixture.createEntity("again", requestID: "r-2") }
          == Refusal(.alreadyExists, "ENTITY_EXISTS"))
    }
  }

  @Test("the same request many times at once makes one entity")
  func concurrently() async throws {
    try await GatewayFixture.with(copies: 2) { fixture in
      let token = try await fixture.administratorToken()
      let request = AccessV1.CreateEntityRequest.sample("once", requestID: "r-1")
      let answers = try await withThrowingTaskGroup(of: AccessV1.Entity.self) { calls in
        for index in 0..<8 {
          calls.addTask { try await fixture.copies[index % 2].call(Service.createEntity, request, token) }
        }
        return try await calls.reduce(into: Set<AccessV1.Entity>()) { $0.insert($1) }
      }
      #expect(answers.count == 1)
      #expect(try await AccessStore(fixture.test.database).load().entities.filter { $0.id == "once" }.count == 1)
    }
  }

  @Test("an update names what it changes, and nothing else")
  func masks() async throws {
    try await GatewayFixture.with { fixture in
      let token = try await fixture.administratorToken()
      var update = AccessV1.UpdateEntityRequest()
      update.entity = AccessV1.Entity()
      update.entity?.name = "entities/b2c"
      update.entity?.displayName = "Renamed"
      update.entity?.timeZone = "Asia/Tokyo"
      update.updateMask = GoogleProtobuf.FieldMask()
      update.updateMask?.paths = ["display_name"]
      let changed = try await fixture.gateway.call(Service.updateEntity, update, token)
      #expect(changed.displayName == "Renamed" && changed.timeZone == "Europe/Brussels")
      update.updateMask?.paths = ["name"]
      #expect(
        try await refusal { try await fixture.gateway.call(Service.updateEntity, update, token) }
          == Refusal(.invalidArgument, "INVALID_FIELD_MASK"))
    }
  }

  @Test("a licence has at most a hundred entities")
  func limit() async throws {
    try await GatewayFixture.with { fixture in
      try await fixture.asSuperuser { database in
        _ = try await database.write(
          Statement(
            name: "test.fill",
            sql: """
              insert into gateway.entities (id, display_name, time_zone, create_time, update_time)
              select 'e' || number, '', 'UTC', now(), now()
              from generate_series(1, 97) as number
              """), [], as: .none)
      }
      #expect(
        try await refusal { try await fixture.createEntity("full") } == Refusal(.resourceExhausted, "TOO_MANY_ENTITIES")
      )
    }
  }
}
