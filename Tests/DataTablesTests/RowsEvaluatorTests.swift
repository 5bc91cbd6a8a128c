import Messages
import Populations
import RPC
import ServiceKit
import ServiceTesting
import Testing
import UserTables
import Values

@testable import DataTables

@Suite("Criteria over rows")
struct RowsEvaluatorTests {
  /// What a row of the oracle holds, beside its profile.
  struct Sample: Sendable {
    let profile: UInt32
    let time: Timestamp
    let quantity: Int64?
    let amount: DecimalNumber?
    let day: CalendarDate?
    let note: String?
  }

  /// Repeatable chance.
  struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) {
      state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state &* 0x2545_F491_4F6C_DD1D
    }
  }

  private static let zone = Zone("Europe/Brussels") ?? .utc
  private static let epoch = Int64(1_711_756_800)  // 2024-03-30, a day before the clocks change in Brussels

  private static func samples(_ random: inout Chance) throws -> [Sample] {
    try (0..<Int.random(in: 0...60, using: &random)).map { _ in
      Sample(
        profile: .random(in: 1...8, using: &random),
        time: try Timestamp(
          microsecondsSinceEpoch: (epoch + .random(in: 0..<96, using: &random) * 3_600) * 1_000_000),
        quantity: Bool.random(using: &random) ? .random(in: -3...3, using: &random) : nil,
        amount: Int.random(in: 0..<4, using: &random) > 0
          ? try DecimalNumber(
            unscaled: Int128(Int.random(in: -30...30, using: &random)), scale: .random(in: 0...2, using: &random))
          : nil,
        day: Bool.random(using: &random)
          ? try CalendarDate(daysSinceEpoch: 19_810 + .random(in: 0...5, using: &random)) : nil,
        note: Bool.random(using: &random) ? ["Été", "été froid", "Hiver"].randomElement(using: &random) : nil)
    }
  }

  private static func file(_ samples: [Sample]) -> String {
    var csv = "orderCode,customer,time,quantity,amount,day,note\n"
    for (place, row) in samples.enumerated() {
      let cells: [String] = [
        "\(place)", "0000\(row.profile)", row.time.description, row.quantity.map(String.init) ?? "",
        row.amount?.description ?? "", row.day?.description ?? "", row.note ?? "",
      ]
      csv += cells.joined(separator: ",") + "\n"
    }
    return csv
  }

  @Test("are answered as by brute force", arguments: 0..<12)
  func oracle(seed: Int) async throws {
    var random = Chance(seed: seed + 1)
    let samples = try Self.samples(&random)
    var criteria: [Criterion] = []
    let now = try Timestamp(microsecondsSinceEpoch: (Self.epoch + 48 * 3_600) * 1_000_000)
    for _ in 0..<40 { criteria.append(try Criterion(&random, oracle: Oracle(now: now, zone: Self.zone))) }
    let asked = criteria
    try await TestSuite.with { suite async throws in
      try await suite.createTable("orders", .orders())
      try await suite.importRows("orders", Self.file(samples))
      let answers = try await suite.call(
        InternalV1.TableDirectoryService.batchEvaluateRows, as: .service(.profiles, [TestSuite.b2c])
      ) { request in
        request.profileTable = TestSuite.customers
        request.criteria = asked.map(\.message)
        request.now = now.microsecondsSinceEpoch
      }.answers
      #expect(answers.count == asked.count)
      for (criterion, answer) in zip(asked, answers) {
        var meeting = try Set(Population(#require(answer.profiles)))
        if answer.holdsWithoutRows {
          let known = try Set(Population(#require(answer.withRows)))
          #expect(meeting.isSubset(of: known))
          meeting.formUnion(Set(1...20).subtracting(known))
        }
        #expect(meeting == criterion.profiles(among: 1...20, samples), "\(criterion.message)")
      }
    }
  }

  @Test("are answered one by one as together")
  func single() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createTable("orders", .orders())
      try await suite.importRows(
        "orders", "orderCode,customer,time\n1,00001,2024-01-01\n2,00001,2024-01-02\n3,00002,2024-01-01\n")
      let answer = try await suite.call(
        InternalV1.TableDirectoryService.evaluateRows, as: .service(.profiles, [TestSuite.b2c])
      ) { request in
        request.profileTable = TestSuite.customers
        request.criterion = .count(.init(from: .int(2)))
      }
      #expect(try Population(#require(answer.profiles)) == [1])
      #expect(!answer.holdsWithoutRows && answer.withRows == nil)
    }
  }

  @Test(
    "that do not go together are refused, naming the field",
    arguments: [
      .init("criterion.table") { $0.table = TestSuite.customers },
      .init("criterion.column") { $0.aggregate = .unspecified },
      .init("criterion.aggregate") {
        $0.aggregate = .init(rawValue: 99)
        $0.column = "amount"
      },
      .init("criterion.column") { $0.column = "amount" },
      .init("criterion.column") {
        $0.aggregate = .sum
        $0.column = "note"
      },
      .init("criterion.column") {
        $0.aggregate = .latest
        $0.column = "amount"
      },
      .init("criterion.comparison") { $0.comparison = nil },
      .init("criterion.comparison.equals") { $0.comparison = .init(equals: .text("x")) },
      .init("criterion.comparison.range") { $0.comparison = .init(.range(.init())) },
      .init("criterion.comparison.contains") { $0.comparison = .init(.contains("x")) },
      .init("criterion.where[0].column") { $0.where = [.init("customer", .init(equals: .int(1)))] },
      .init("criterion.where[0].comparison.range") { $0.where = [.init("note", .init(from: .text("x")))] },
      .init("criterion.where[0].comparison.equals") { $0.where = [.init("note", .init(equals: .null))] },
      .init("criterion.where[0].comparison.contains") { $0.where = [.init("note", .init(.contains("\0")))] },
    ] as [CriterionChange])
  func refused(case change: CriterionChange) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createTable("orders", .orders())
      let refusal = try await suite.refusal(
        InternalV1.TableDirectoryService.evaluateRows, as: .service(.profiles, [TestSuite.b2c])
      ) { request in
        request.profileTable = TestSuite.customers
        var criterion = TargetingV1.RowsCriterion.count(.init(from: .int(2)))
        change.change(&criterion)
        request.criterion = criterion
      }
      #expect(refusal.code == .invalidArgument && refusal.fields == [change.field])
    }
  }

  @Test("on the columns of a repository give its keys")
  func repository() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createTable("stores", .stores)
      for (code, city) in [("A", "Liège"), ("B", "Gent"), ("C", "LIÈGE-Nord")] {
        try await suite.createRow("stores", ["code": .text(code), "city": .text(city)])
      }
      try await suite.createRow("stores", ["code": .text("D")])
      func keys(_ comparison: TargetingV1.Comparison) async throws -> [String] {
        try await suite.call(
          InternalV1.TableDirectoryService.evaluateRepository, as: .service(.profiles, [TestSuite.b2c])
        ) { request in
          request.table = "entities/b2c/customTables/stores"
          request.column = "city"
          request.comparison = comparison
        }.keys
      }
      #expect(try await keys(.init(.startsWith("liè"))) == ["A", "C"])
      #expect(try await keys(.init(.isSet(false))) == ["D"])
      #expect(try await keys(.init(equals: .text("Gent"))) == ["B"])
    }
  }

  @Test("are for Profiles alone to ask")
  func callers() async throws {
    try await TestSuite.with { suite async throws in
      for caller in [TestSuite.Caller.writer([TestSuite.b2c]), .service(.automation, [TestSuite.b2c])] {
        let refusal = try await suite.refusal(InternalV1.TableDirectoryService.evaluateRows, as: caller) { request in
          request.profileTable = TestSuite.customers
        }
        #expect(refusal.code == .permissionDenied)
      }
    }
  }
}
