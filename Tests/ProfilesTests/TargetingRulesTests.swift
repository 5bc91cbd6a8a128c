import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing

@Suite("What is refused of a targeting")
struct TargetingRulesTests {
  /// A targeting that is refused, and the field at fault.
  struct Fault: Sendable, CustomTestStringConvertible {
    let field: String
    var code = StatusCode.invalidArgument
    let make: @Sendable () throws -> TargetingV1.Targeting

    init(_ field: String, code: StatusCode = .invalidArgument, _ criterion: TargetingV1.Criterion) {
      (self.field, self.code, make) = (field, code, { .init(criterion) })
    }

    init(_ field: String, _ limit: TargetingV1.Limit) {
      (self.field, make) = (field, { .init(nil, limit: limit) })
    }

    var testDescription: String { field }
  }

  private static func nested(_ depth: Int) -> TargetingV1.Criterion {
    (1..<depth).reduce(.field("age", .isSet(true))) { part, _ in .not(part) }
  }

  private static let column: TargetingV1.Criterion = {
    var criterion = TargetingV1.RowsCriterion()
    (criterion.table, criterion.aggregate, criterion.column) = (TablesDouble.orders, .max, "unknown")
    return TargetingV1.Criterion(.rows(criterion))
  }()

  private static let noTable: TargetingV1.Criterion = {
    var criterion = TargetingV1.RowsCriterion()
    (criterion.table, criterion.aggregate) = ("entities/b2c/customTables/cars", .count)
    return TargetingV1.Criterion(.rows(criterion))
  }()

  private static let noColumn: TargetingV1.Criterion = {
    var criterion = TargetingV1.ReferenceCriterion()
    (criterion.reference, criterion.column, criterion.comparison) = ("store", "street", .isSet(true))
    return TargetingV1.Criterion(.reference(criterion))
  }()

  static let faults: [Fault] = [
    .init("targeting.criterion", TargetingV1.Criterion()),
    .init("targeting.criterion.all.criteria", .all([])),
    .init("targeting.criterion.any.criteria[1].not", .any([.field("age", .isSet(true)), .not(.init())])),
    .init("targeting.criterion.field.field", .field("height", .isSet(true))),
    .init("targeting.criterion.field.comparison", .field("age", .init())),
    .init("targeting.criterion.field.comparison.equals", .field("age", .equals(.text("x")))),
    .init("targeting.criterion.field.comparison.equals", .field("tier", .equals(.text("bronze")))),
    .init("targeting.criterion.field.comparison.one_of.values[1]", .field("code", .oneOf([.text("a"), .int(1)]))),
    .init("targeting.criterion.field.comparison.contains", .field("code", .init(.contains("\0")))),
    .init("targeting.criterion.field.comparison.range", .field("code", .range(from: .text("a")))),
    .init("targeting.criterion.all.criteria[1].rows.column", .all([.field("age", .isSet(true)), column])),
    .init("targeting.criterion.not.rows.table", code: .notFound, .not(noTable)),
    .init("targeting.criterion.reference.column", noColumn),
    .init("targeting.criterion.targeting", code: .notFound, .targeting("none")),
    .init("targeting.criterion" + String(repeating: ".not", count: 30), nested(31)),
    .init(
      "targeting.criterion.all.criteria[499]", .all(Array(repeating: .field("age", .isSet(true)), count: 500))),
    .init("targeting.limit", TargetingV1.Limit()),
    .init("targeting.limit.count", .init(.count(0))),
    .init("targeting.limit.percent", .init(.percent(.nan))),
    .init("targeting.limit.percent", .init(.percent(100.5))),
    .init("targeting.limit.top_by", .init(.count(1), topBy: "newsletter")),
    .init("targeting.limit.top_by", .init(.count(1), topBy: "code")),
  ]

  @Test("names the field at fault, and keeps nothing")
  func faults() async throws {
    try await TestSuite.with { suite async throws in
      suite.tables.stores = ["S1": "Ghent"]
      try await suite.customers([["age": .int(1)]])
      for fault in Self.faults {
        let refusal = try await suite.refusal(fault.make())
        #expect(refusal.code == fault.code, "\(fault.field)")
        #expect(refusal.fields == [fault.field])
      }
      let kept = try await suite.call(TargetingV1.TargetingService.listTargetings) { $0.parent = "entities/b2c" }
      #expect(kept.targetings.isEmpty)
      // What is just within the limits is taken.
      #expect(try await suite.count(Self.nested(30)) == 0)
      #expect(try await suite.count(.all(Array(repeating: .field("age", .isSet(true)), count: 499))) == 1)
    }
  }

  @Test("criteria over rows where no service keeps rows")
  func noTables() async throws {
    try await TestSuite.with(hasTables: false) { suite async throws in
      try await suite.customers([["age": .int(1)]], hasStores: false)
      let refusal = try await suite.refusal(.init(.all([.orders(.count, .equals(.int(0)))])))
      #expect(refusal.fields == ["targeting.criterion.all.criteria[0].rows"])
      #expect(try await suite.count(.field("age", .isSet(true))) == 1)
    }
  }

  @Test("a saved targeting whose table has gone says which of its criteria is at fault")
  func gone() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.customers([[:]])
      try await suite.create("t", .init(.not(.orders(.count, .equals(.int(1))))))
      suite.tables.hidesOrders = true
      let refusal = try await suite.refusal(TargetingV1.TargetingService.countTargeting) { request in
        (request.parent, request.population) = ("entities/b2c", .name("entities/b2c/targetings/t"))
      }
      #expect(
        refusal.is(.failedPrecondition, "TARGETING_AT_FAULT", fields: ["criterion.not.rows.table"]))
    }
  }

  @Test("whoever does not see the entity finds nothing, and whoever lacks a right is told so")
  func rights() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.customers([["code": .text("a")]])
      try await suite.create("t", .init(nil))
      let name = "entities/b2c/targetings/t"
      let foreign = TestSuite.Caller.writer([TestSuite.b2b])
      let service = TargetingV1.TargetingService.self
      let refused = try await [
        suite.refusal(service.getTargeting, as: foreign) { $0.name = name },
        suite.refusal(service.deleteTargeting, as: foreign) { $0.name = name },
        suite.refusal(service.listTargetings, as: foreign) { $0.parent = "entities/b2c" },
        suite.refusal(service.listTargetedProfiles, as: foreign) { $0.parent = name },
        suite.refusal(service.countTargeting, as: foreign) {
          ($0.parent, $0.population) = ("entities/b2c", .name(name))
        },
        suite.refusal(service.countTargeting, as: foreign) {
          ($0.parent, $0.population) = ("entities/b2b", .targeting(.init(nil)))
        },
        suite.refusal(service.createTargeting, as: foreign) {
          ($0.parent, $0.targetingId, $0.targeting) = ("entities/b2b", "t", .init(nil))
        },
      ]
      #expect(refused.map(\.code) == Array(repeating: .notFound, count: 7))
      let list = try await suite.call(service.listTargetings, as: foreign) { $0.parent = "entities/-" }
      #expect(list.targetings.isEmpty)

      let counter = TestSuite.Caller.holder([.init(entity: 1, module: .targeting, rights: [.read])])
      #expect(try await suite.call(service.getTargeting, as: counter) { $0.name = name }.name == name)
      let written = try await suite.refusal(service.deleteTargeting, as: counter) { $0.name = name }
      #expect(written.code == .permissionDenied)
      // A criterion tells what a field holds, so a draft needs the right to read profiles.
      let draft = try await suite.refusal(service.countTargeting, as: counter) {
        ($0.parent, $0.population) = ("entities/b2c", .targeting(.init(.field("code", .equals(.text("a"))))))
      }
      #expect(draft.code == .permissionDenied)
    }
  }

  @Test("a profile table with targetings is deleted only with them")
  func tableDeletion() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.customers([])
      try await suite.create("base", .init(nil))
      try await suite.create("t", .init(.targeting("base")))
      let method = ProfilesV1.ProfileService.deleteProfileTable
      let refusal = try await suite.refusal(method) { $0.name = TestSuite.customers }
      #expect(refusal.code == .failedPrecondition)
      try await suite.call(method) { ($0.name, $0.force) = (TestSuite.customers, true) }
      let list = try await suite.call(TargetingV1.TargetingService.listTargetings) { $0.parent = "entities/b2c" }
      #expect(list.targetings.isEmpty)
    }
  }
}
