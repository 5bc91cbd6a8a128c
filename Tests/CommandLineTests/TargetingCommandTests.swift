import Foundation
import Messages
import RPC
import Synchronization
import Testing

@testable import CommandLineTool

@Suite("rapport targetings and timeline")
struct TargetingCommandTests {
  private static let name = "entities/b2c/targetings/lapsed-readers"

  private static func comparison(_ kind: TargetingV1.Comparison.Kind) -> TargetingV1.Comparison {
    var comparison = TargetingV1.Comparison()
    comparison.kind = kind
    return comparison
  }

  private static func value(_ kind: TypeV1.Value.Kind) -> TypeV1.Value {
    var value = TypeV1.Value()
    value.kind = kind
    return value
  }

  private static func criterion(_ kind: TargetingV1.Criterion.Kind) -> TargetingV1.Criterion {
    var criterion = TargetingV1.Criterion()
    criterion.kind = kind
    return criterion
  }

  @Test("a tree of criteria is told a line each")
  func criteria() {
    var subscribed = TargetingV1.FieldCriterion()
    subscribed.field = "newsletter"
    subscribed.comparison = Self.comparison(.equals(Self.value(.boolValue(true))))
    var orders = TargetingV1.RowsCriterion()
    orders.table = "entities/b2c/customTables/orders"
    orders.aggregate = .sum
    orders.column = "amount"
    var range = TargetingV1.Range()
    var bound = TargetingV1.Bound()
    bound.kind = .value(Self.value(.int64Value(100)))
    range.lower = .after(bound)
    orders.comparison = Self.comparison(.range(range))
    var condition = TargetingV1.ColumnCondition()
    condition.column = "store"
    condition.comparison = Self.comparison(.isSet(true))
    orders.where = [condition]
    var all = TargetingV1.Criteria()
    all.criteria = [
      Self.criterion(.field(subscribed)),
      Self.criterion(.not(Self.criterion(.targeting("entities/b2c/targetings/staff")))),
      Self.criterion(.rows(orders)),
    ]
    #expect(
      CriterionText.lines(of: Self.criterion(.all(all))) == [
        "all of", "  newsletter = true", "  not", "    in entities/b2c/targetings/staff",
        "  sum of amount over orders where store is set > 100",
      ])
    #expect(CriterionText.lines(of: nil) == ["every profile"])
  }

  @Test("a saved targeting is counted by its name, and a draft from its file in the entity")
  func count() async throws {
    let seen = Mutex<[TargetingV1.CountTargetingRequest]>([])
    try await SuiteFixture.run {
      $0.handle(TargetingV1.TargetingService.countTargeting) { request, _ in
        seen.withLock { $0.append(request) }
        var answer = TargetingV1.CountTargetingResponse()
        answer.count = 1_234
        for (path, count) in [("", 1_234), ("all[0]", 5_678)] {
          var criterion = TargetingV1.CriterionCount()
          criterion.path = path
          criterion.count = Int64(count)
          answer.criteria.append(criterion)
        }
        answer.readTime = GoogleProtobuf.Timestamp()
        return answer
      }
    } _: { suite in
      try await withTemporaryFolder { folder in
        let saved = try await suite.rapport.run("targetings", "count", Self.name)
        #expect(
          saved.output == """
            CRITERION    PROFILES
            (all of it)  1,234
            all[0]       5,678

            1,234 profiles, as of 1970-01-01T00:00:00Z.

            """)
        let draft = "\(folder)/draft.json"
        try #"{"profileTable":"entities/b2c/profileTables/customers"}"#.write(
          toFile: draft, atomically: true, encoding: .utf8)
        let counted = try await suite.rapport.run(
          "targetings", "count", "entities/b2c", "--file", draft, "-o", "json")
        #expect(counted.output.contains(#""count":"1234""#))
        let requests = seen.withLock { $0 }
        #expect(requests.map(\.parent) == ["entities/b2c", "entities/b2c"])
        #expect(requests.first?.population == .name(Self.name))
        guard case .targeting(let targeting)? = requests.last?.population else {
          Issue.record("The draft was not sent.")
          return
        }
        #expect(targeting.profileTable == "entities/b2c/profileTables/customers")
      }
    }
  }

  @Test("a timeline asks for kinds and times, and shows a line for each interaction")
  func timeline() async throws {
    let seen = Mutex<InteractionsV1.ListInteractionsRequest?>(nil)
    try await SuiteFixture.run {
      $0.handle(InteractionsV1.InteractionService.listInteractions) { request, _ in
        seen.withLock { $0 = request }
        var order = InteractionsV1.Interaction()
        order.id = "orders/17"
        order.kind = .row
        order.summary = "Order of 2"
        order.time = GoogleProtobuf.Timestamp()
        var answer = InteractionsV1.ListInteractionsResponse()
        answer.interactions = [order]
        return answer
      }
    } _: { suite in
      let profile = "entities/b2c/profileTables/customers/profiles/42"
      let timeline = try await suite.rapport.run(
        "timeline", profile, "--kind", "row", "--kind", "open", "--since", "1970-01-02", "--until",
        "2030-01-01T00:00:00Z")
      #expect(
        timeline.output
          == "TIME                  KIND  WHAT        ID\n1970-01-01T00:00:00Z  row   Order of 2  orders/17\n")
      let request = try #require(seen.withLock { $0 })
      #expect(request.parent == profile)
      #expect(request.kinds == [.row, .open])
      #expect(request.startTime?.seconds == 86_400)
      #expect(request.endTime?.seconds == 1_893_456_000)
      let wrong = try await suite.rapport.run("timeline", profile, "--kind", "purchase")
      #expect(wrong.status == 64)
      #expect(wrong.errors.contains("participation"))
    }
  }
}
