import Database
import DatabaseTesting
import Messages
import Populations
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import Values

@testable import Profiles

@Suite("Targetings")
struct TargetingTests {
  /// Three customers: 1 with nothing, 2 and 3 with much.
  private static let customers: [[String: TypeV1.Value]] = [
    [:],
    ["code": .text("a"), "age": .int(20), "newsletter": .bool(true), "tier": .text("gold"), "store": .text("S1")],
    ["code": .text("b"), "age": .int(30), "newsletter": .bool(false), "tier": .text("silver")],
  ]

  private func withCustomers(_ body: (TestSuite) async throws -> Void) async throws {
    try await TestSuite.with { suite async throws in
      suite.tables.stores = ["S1": "Ghent"]
      try await suite.customers(Self.customers)
      try await body(suite)
    }
  }

  // MARK: - Meaning

  @Test("a comparison with something absent is false, and NOT is the exact complement of that")
  func absent() async throws {
    try await withCustomers { suite async throws in
      let old = TargetingV1.Criterion.field("age", .range(from: .int(25)))
      let young = TargetingV1.Criterion.field("age", .range(to: .int(25)))
      #expect(try await suite.count(old) == 1)
      #expect(try await suite.count(young) == 1)
      #expect(try await suite.count(.not(old)) == 2)
      #expect(try await suite.count(.not(.any([old, young]))) == 1)
      #expect(try await suite.count(.field("age", .isSet(false))) == 1)
    }
  }

  @Test("over no rows a count is 0 and a maximum absent")
  func noRows() async throws {
    try await withCustomers { suite async throws in
      suite.tables.orders = [2: [5, 7]]
      #expect(try await suite.count(.orders(.count, .equals(.int(0)))) == 2)
      #expect(try await suite.count(.orders(.sum, .range(to: .int(0)))) == 2)
      #expect(try await suite.count(.orders(.max, .range(to: .int(100)))) == 1)
      #expect(try await suite.count(.not(.orders(.max, .range(to: .int(100))))) == 2)
    }
  }

  @Test("rows of a profile that is gone target nobody")
  func living() async throws {
    try await withCustomers { suite async throws in
      suite.tables.orders = [2: [5], 99: [5]]
      try await suite.deleteCustomer(2)
      #expect(try await suite.count(.orders(.count, .range(from: .int(1)))) == 0)
      #expect(try await suite.count(.not(.orders(.count, .range(from: .int(1))))) == 2)
    }
  }

  @Test("decimals compare exactly, and a date against a time is a whole day of the entity's zone")
  func values() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.customers([
        ["balance": .decimal("0.1"), "joined": .time("2024-03-30T22:59:59Z")],
        ["balance": .decimal("0.10"), "joined": .time("2024-03-30T23:00:00Z")],
        // The clocks of Brussels change within this day, so that it ends an hour early.
        ["balance": .decimal("0.1000000000000000000000000001"), "joined": .time("2024-03-31T22:00:00Z")],
      ])
      let counts = try await [
        suite.count(.field("balance", .equals(.decimal("0.100")))),
        suite.count(.field("joined", .equals(.date("2024-03-31")))),
        suite.count(.field("joined", .range(to: .date("2024-03-31")))),
        suite.count(.field("joined", .range(from: .date("2024-04-01")))),
      ]
      #expect(counts == [2, 1, 2, 1])
    }
  }

  @Test("each criterion is counted by itself, before its parts, by where it stands")
  func counts() async throws {
    try await withCustomers { suite async throws in
      let gold = TargetingV1.Criterion.field("tier", .equals(.text("gold")))
      let answer = try await suite.count(
        .init(.all([.not(gold), .any([.city(.isSet(true)), .field("newsletter", .isSet(true))])])))
      #expect(answer.count == 1)
      #expect(
        answer.criteria.map { "\($0.path) \($0.count)" } == [
          " 1", "all[0] 2", "all[0].not 1", "all[1] 2", "all[1].any[0] 1", "all[1].any[1] 2",
        ])
      #expect(try await suite.count(.init(nil)).count == 3)
    }
  }

  @Test("many criteria are asked a few at a time, and answered alike")
  func manyCriteria() async throws {
    try await TestSuite.with { suite async throws in
      let ages = (1...40).map(Int64.init)
      try await suite.customers(ages.map { ["age": .int($0)] })
      let criteria = ages.map { TargetingV1.Criterion.field("age", .range(from: .int($0))) }
      let answer = try await suite.count(.init(.any(criteria)))
      #expect(answer.criteria.dropFirst().map(\.count) == ages.reversed())

      // Of 40 bounds each pair of profiles answers one otherwise: as many combinations as profiles.
      let stage = suite.stage.test
      let tables = ProfileTableStore(
        database: stage.database, schema: stage.schemaConnection(), roles: stage.configuration.roles)
      let entity = TestSuite.b2c.id
      let table = try #require(try await tables.find("customers", entity: entity))
      var query = ProfileQuery(table: table, now: suite.time.now, zone: .utc)
      for case .field(let criterion) in criteria.map(\.kind) {
        _ = try query.add(criterion, at: "", checksAccepted: true)
      }
      #expect(query.passes.map(\.count) == [12, 12, 12, 4])
      for pass in query.passes {
        let rows = try await stage.database.read(pass.statement, pass.parameters, as: .entity(entity))
        #expect(rows.count <= pass.count + 1)
      }
    }
  }

  // MARK: - Limits

  @Test("a random limit picks the same for the same seed, a share is rounded up, and top takes the greatest")
  func limits() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.customers((1...40).map { $0 % 4 == 0 ? [:] : ["age": .int(Int64($0 * 7 % 40))] })
      let everyone = TargetingV1.Criterion.not(.field("age", .equals(.int(-1))))
      try await suite.create("ten", .init(everyone, limit: .init(.count(10), seed: 7)))
      try await suite.create("again", .init(everyone, limit: .init(.count(10), seed: 7)))
      try await suite.create("other", .init(everyone, limit: .init(.count(10), seed: 8)))
      try await suite.create("share", .init(everyone, limit: .init(.percent(51), seed: 7)))
      try await suite.create("top", .init(everyone, limit: .init(.count(3), topBy: "age")))
      try await suite.create("all", .init(everyone, limit: .init(.count(31), topBy: "age")))
      let ten = try await suite.members("ten")
      #expect(ten.count == 10)
      #expect(try await suite.members("again") == ten)
      #expect(try await suite.members("other") != ten)
      let share = try await suite.members("share")
      #expect(share.count == 21)
      #expect(Set(share).isSuperset(of: ten))
      // The ages of 17, 34 and 11 are 39, 38 and 37.
      #expect(try await suite.members("top") == [11, 17, 34])
      // Behind all that have an age, the first without one.
      #expect(try await suite.members("all") == (1...40).filter { $0 % 4 != 0 || $0 == 4 })
    }
  }

  // MARK: - On each other

  @Test("a targeting may be built on others, with their limits, but never on itself")
  func bases() async throws {
    try await withCustomers { suite async throws in
      try await suite.create("one", .init(.field("age", .isSet(true)), limit: .init(.count(1), topBy: "age")))
      try await suite.create("rest", .init(.not(.targeting("one"))))
      try await suite.create("both", .init(.any([.targeting("one"), .targeting("rest")])))
      #expect(try await suite.members("one") == [3])
      #expect(try await suite.members("rest") == [1, 2])
      #expect(try await suite.members("both") == [1, 2, 3])

      let circle = try await suite.refusal(TargetingV1.TargetingService.updateTargeting) { request in
        request.targeting = .init(.all([.targeting("both")]))
        request.targeting?.name = "entities/b2c/targetings/one"
      }
      #expect(circle.is(.invalidArgument, "INVALID_FIELD", fields: ["targeting.criterion"]))
      let used = try await suite.refusal(TargetingV1.TargetingService.deleteTargeting) {
        $0.name = "entities/b2c/targetings/one"
      }
      #expect(used.is(.failedPrecondition, "TARGETING_IN_USE"))
      for id in ["both", "rest", "one"] {
        try await suite.call(TargetingV1.TargetingService.deleteTargeting) { $0.name = "entities/b2c/targetings/\(id)" }
      }
      let list = try await suite.call(TargetingV1.TargetingService.listTargetings) { $0.parent = "entities/-" }
      #expect(list.targetings.isEmpty)
    }
  }

  @Test("two changes at once do not close a circle")
  func circleOfTwo() async throws {
    try await withCustomers { suite async throws in
      for round in 0..<5 {
        try await suite.create("a\(round)", .init(nil))
        try await suite.create("b\(round)", .init(nil))
        func build(_ id: String, on base: String) async throws -> Refusal {
          try await suite.refusal(TargetingV1.TargetingService.updateTargeting) { request in
            request.targeting = .init(.targeting(base))
            request.targeting?.name = "entities/b2c/targetings/\(id)"
          }
        }
        async let one = build("a\(round)", on: "b\(round)")
        async let other = build("b\(round)", on: "a\(round)")
        let refused = try await [one, other].filter { $0.code != .ok }
        #expect(refused.count == 1)
        #expect(try await suite.members("a\(round)").count == 3)
      }
    }
  }

  // MARK: - Lists and changes

  @Test("the first page fixes the population, and a list that is begun too long ago is refused")
  func pages() async throws {
    try await withCustomers { suite async throws in
      try await suite.create("all", .init(nil))
      let method = TargetingV1.TargetingService.listTargetedProfiles
      let first = try await suite.call(method) { ($0.parent, $0.pageSize) = ("entities/b2c/targetings/all", 2) }
      try await suite.call(TargetingV1.TargetingService.updateTargeting) { request in
        request.targeting = .init(.field("age", .isSet(true)))
        request.targeting?.name = "entities/b2c/targetings/all"
      }
      func next() async throws -> TargetingV1.ListTargetedProfilesResponse {
        try await suite.call(method) {
          ($0.parent, $0.pageSize, $0.pageToken) = ("entities/b2c/targetings/all", 2, first.nextPageToken)
        }
      }
      let second = try await next()
      #expect(first.profiles + second.profiles == (1...3).map { "\(TestSuite.customers)/profiles/\($0)" })
      #expect(second.nextPageToken.isEmpty)
      #expect(try await suite.members("all") == [2, 3])

      suite.time.advance(by: .seconds(25 * 3_600))
      try await suite.rooms.listed.sweep()
      let late = try await suite.refusal(method) {
        ($0.parent, $0.pageToken) = ("entities/b2c/targetings/all", first.nextPageToken)
      }
      #expect(late.is(.failedPrecondition, "LIST_EXPIRED"))
    }
  }

  @Test("an update changes what its mask names, and grows the version")
  func update() async throws {
    try await withCustomers { suite async throws in
      let made = try await suite.create("t", .init(.field("age", .isSet(true)), limit: .init(.count(1))))
      #expect(made.version == 1)
      let changed = try await suite.call(TargetingV1.TargetingService.updateTargeting) { request in
        request.targeting = .init(nil)
        request.targeting?.name = made.name
        request.targeting?.displayName = "Aged"
        request.updateMask = .init()
        request.updateMask?.paths = ["display_name", "limit"]
      }
      #expect(changed.version == 2)
      #expect(changed.displayName == "Aged")
      #expect(changed.criterion == made.criterion)
      #expect(changed.limit == nil)
      let kept = try await suite.call(TargetingV1.TargetingService.getTargeting) { $0.name = made.name }
      #expect(kept == changed)
      let moved = try await suite.refusal(TargetingV1.TargetingService.updateTargeting) { request in
        request.targeting = .init()
        request.targeting?.name = made.name
        request.targeting?.profileTable = "entities/b2c/profileTables/others"
      }
      #expect(moved.fields == ["targeting.profile_table"])
    }
  }

  @Test("an export has a line for each of its profiles")
  func export() async throws {
    try await withCustomers { suite async throws in
      try await suite.create("t", .init(.field("age", .isSet(true))))
      var file: [UInt8] = []
      var request = TargetingV1.ExportTargetingRequest()
      (request.parent, request.fields) = ("entities/b2c/targetings/t", ["code", "newsletter"])
      try await suite.client.call(
        TargetingV1.TargetingService.exportTargeting, request, options: suite.options(.writer([TestSuite.b2c]))
      ) { responses in
        for try await response in responses { file += response.chunk }
      }
      #expect(String(decoding: file, as: UTF8.self) == "id,code,newsletter\r\n2,a,true\r\n3,b,false\r\n")
    }
  }

  @Test("another service is told the population, and no entity but its own")
  func directory() async throws {
    try await withCustomers { suite async throws in
      try await suite.create("t", .init(.field("age", .isSet(true))))
      let method = InternalV1.TargetingDirectoryService.evaluateTargeting
      let answer = try await suite.call(method, as: .service(.messaging, [TestSuite.b2c])) {
        $0.name = "entities/b2c/targetings/t"
      }
      #expect(try Population(answer.profiles ?? .init()) == [2, 3])
      #expect(answer.profileTable == TestSuite.customers)
      let foreign = try await suite.refusal(method, as: .service(.messaging, [TestSuite.b2b])) {
        $0.name = "entities/b2c/targetings/t"
      }
      #expect(foreign.code == .notFound)
    }
  }
}
