import Messages
import Testing

@Suite("Criteria trees")
struct TargetingOracleTests {
  /// What a profile of the oracle holds.
  struct Sample: Sendable {
    var age: Int64?
    var tags: [String] = []
    var newsletter: Bool?
    var tier: String?
    var store: String?
    /// The numbers of its rows.
    var orders: [Int64] = []
    var lives = true

    var fields: [String: TypeV1.Value] {
      var fields: [String: TypeV1.Value] = [:]
      fields["age"] = age.map(TypeV1.Value.int)
      fields["newsletter"] = newsletter.map(TypeV1.Value.bool)
      fields["tier"] = tier.map(TypeV1.Value.text)
      fields["store"] = store.map(TypeV1.Value.text)
      if !tags.isEmpty { fields["tags"] = .texts(tags) }
      return fields
    }
  }

  /// Repeatable chance.
  struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func one<Element>(of choices: [Element]) -> Element {
      choices[Int.random(in: 0..<choices.count, using: &self)]
    }
  }

  private static let stores: [String: String?] = ["S1": "Ghent", "S2": "Liège", "S3": nil]

  private static func sample(_ chance: inout Chance) -> Sample {
    var sample = Sample()
    sample.age = chance.one(of: [nil, 17, 18, 40])
    sample.tags = chance.one(of: [[], ["red"], ["red", "blue"], ["green"]])
    sample.newsletter = chance.one(of: [nil, true, false])
    sample.tier = chance.one(of: [nil, "gold", "silver"])
    sample.store = chance.one(of: [nil, "S1", "S2", "S3"])
    sample.orders = chance.one(of: [[], [5], [5, 10], [-5, 5], [200]])
    sample.lives = Int.random(in: 0..<8, using: &chance) > 0
    return sample
  }

  // MARK: - Criteria

  private static func criterion(_ chance: inout Chance, depth: Int) -> TargetingV1.Criterion {
    let kind = Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &chance)
    switch kind {
    case 0: return .field("age", numbers(&chance, [17, 18, 30, 40]))
    case 1: return .field("tags", texts(&chance, ["red", "blue", "RE", "n"]))
    case 2:
      let flag = Bool.random(using: &chance)
      return .field("newsletter", chance.one(of: [.equals(.bool(flag)), .isSet(flag)]))
    case 3: return .field("tier", chance.one(of: [.equals(.text("gold")), .isSet(false), .oneOf([.text("silver")])]))
    case 4: return .city(texts(&chance, ["Ghent", "Liège", "gh", "e"]))
    case 5:
      return .orders(chance.one(of: [.count, .sum, .min, .max]), numbers(&chance, [0, 1, 2, 5, 10, 200]))
    case 6: return .not(criterion(&chance, depth: depth - 1))
    default:
      let parts = (0..<Int.random(in: 1...3, using: &chance)).map { _ in criterion(&chance, depth: depth - 1) }
      return kind == 7 ? .any(parts) : .all(parts)
    }
  }

  private static func numbers(_ chance: inout Chance, _ choices: [Int64]) -> TargetingV1.Comparison {
    let (one, other) = (TypeV1.Value.int(chance.one(of: choices)), TypeV1.Value.int(chance.one(of: choices)))
    return chance.one(of: [
      .equals(one), .oneOf([one, other]), .oneOf([]), .range(from: one), .range(to: one), .range(from: one, to: other),
      .isSet(true), .isSet(false),
    ])
  }

  private static func texts(_ chance: inout Chance, _ choices: [String]) -> TargetingV1.Comparison {
    let text = chance.one(of: choices)
    return chance.one(of: [
      .equals(.text(text)), .oneOf([.text(text), .text("blue")]), .init(.contains(text)), .init(.startsWith(text)),
      .isSet(true), .isSet(false),
    ])
  }

  /// Whether a profile meets a criterion, found out by looking at it alone.
  private static func meets(_ sample: Sample, _ criterion: TargetingV1.Criterion) -> Bool {
    switch criterion.kind {
    case .all(let list): return list.criteria.allSatisfy { meets(sample, $0) }
    case .any(let list): return list.criteria.contains { meets(sample, $0) }
    case .not(let part): return !meets(sample, part)
    case .field(let field): return meets(sample, field)
    case .reference(let reference):
      return ProfilesTests.meets(sample.store.flatMap { stores[$0] ?? nil }, reference.comparison)
    case .rows(let rows): return ProfilesTests.meets(aggregate(rows, over: sample.orders), rows.comparison)
    default: return false
    }
  }

  private static func meets(_ sample: Sample, _ criterion: TargetingV1.FieldCriterion) -> Bool {
    let comparison = criterion.comparison
    switch criterion.field {
    case "age": return ProfilesTests.meets(sample.age, comparison)
    case "tier": return ProfilesTests.meets(sample.tier, comparison)
    case "newsletter":
      if case .isSet(let isSet) = comparison?.kind { return (sample.newsletter != nil) == isSet }
      return comparison?.kind == sample.newsletter.map { .equals(.bool($0)) }
    default:
      if case .isSet(let isSet) = comparison?.kind { return !sample.tags.isEmpty == isSet }
      return sample.tags.contains { ProfilesTests.meets($0, comparison) }
    }
  }

  @Test("are answered as by looking at each profile", arguments: 1...4)
  func oracle(seed: UInt64) async throws {
    var chance = Chance(state: seed &* 0x9E37_79B9_7F4A_7C15)
    let samples = (0..<50).map { _ in Self.sample(&chance) }
    let criteria = (0..<60).map { _ in Self.criterion(&chance, depth: 4) }
    try await TestSuite.with { suite async throws in
      suite.tables.stores = Self.stores
      // A row may stay a moment longer than its profile.
      suite.tables.orders = Dictionary(
        uniqueKeysWithValues: samples.enumerated().filter { !$1.orders.isEmpty }
          .map { (UInt32($0.offset + 1), $0.element.orders) })
      try await suite.customers(samples.map(\.fields))
      for (index, sample) in samples.enumerated() where !sample.lives {
        try await suite.deleteCustomer(UInt32(index + 1))
      }
      for (index, criterion) in criteria.enumerated() {
        let expected = samples.enumerated().filter { $1.lives && Self.meets($1, criterion) }
          .map { UInt32($0.offset + 1) }
        try await suite.create("t\(index)", .init(criterion))
        let members = try await suite.members("t\(index)", pageSize: 7)
        #expect(members == expected, "\(criterion)")
        let counted = try await suite.count(.init(criterion))
        #expect(counted.count == expected.count)
        #expect(counted.criteria.first?.count == Int64(expected.count))
      }
    }
  }
}
