import Messages
import Testing
import Values

@testable import Automation

@Suite("A date's rule")
struct DateRuleTests {
  private func rule(_ trigger: AutomationV1.Trigger) throws -> DateRule {
    guard case .date(let date) = trigger.kind else { throw ValueError("none") }
    return DateRule(date)
  }

  private func base(_ day: String, utc: String? = nil) throws -> DateRule.Base {
    DateRule.Base(day: try CalendarDate(parsing: day), fixed: try CalendarDate(parsing: utc ?? day))
  }

  /// The days of some years on which a date begins something.
  private func days(_ rule: DateRule, of base: DateRule.Base, in years: ClosedRange<Int>) throws -> [String] {
    let first = try CalendarDate(year: years.lowerBound, month: 1, day: 1).daysSinceEpoch
    let last = try CalendarDate(year: years.upperBound, month: 12, day: 31).daysSinceEpoch
    return try (first...last).map { try CalendarDate(daysSinceEpoch: $0) }
      .filter { rule.occurrence(of: base, beginningOn: $0) != nil }.map(\.description)
  }

  @Test(
    "has 29 February come round where it says, in common years and in leap years",
    arguments: [
      (AutomationV1.LeapDay.unspecified, ["2026-02-28", "2027-02-28", "2028-02-29"]),
      (.february28, ["2026-02-28", "2027-02-28", "2028-02-29"]),
      (.march1, ["2026-03-01", "2027-03-01", "2028-02-29"]),
      (.leapYearsOnly, ["2028-02-29"]),
    ])
  func leapDay(choice: AutomationV1.LeapDay, expected: [String]) throws {
    let rule = try rule(.date(leapDay: choice))
    #expect(try days(rule, of: base("1996-02-29"), in: 2026...2028) == expected)
    // Those who were born beside it have their own day, whatever is chosen.
    #expect(
      try days(rule, of: base("1997-02-28"), in: 2026...2028) == ["2026-02-28", "2027-02-28", "2028-02-28"])
    #expect(
      try days(rule, of: base("1997-03-01"), in: 2026...2028) == ["2026-03-01", "2027-03-01", "2028-03-01"])
  }

  @Test("has no leap year where the century has none")
  func century() throws {
    #expect(try days(rule(.date()), of: base("1996-02-29"), in: 2096...2101).contains("2100-02-28"))
  }

  @Test("comes each year behind its own, or once")
  func recurrence() throws {
    #expect(
      try days(rule(.date()), of: base("2026-05-04"), in: 2025...2028) == ["2027-05-04", "2028-05-04"])
    #expect(try days(rule(.date("birthDate", .once)), of: base("2026-05-04"), in: 2025...2028) == ["2026-05-04"])
  }

  @Test("begins days before or behind it, over the ends of months and years")
  func offset() throws {
    #expect(
      try days(rule(.date(offset: -3)), of: base("1990-01-02"), in: 2027...2028) == ["2027-12-30", "2028-12-30"])
    #expect(try days(rule(.date(offset: 1)), of: base("1990-12-31"), in: 2027...2027) == ["2027-01-01"])
    #expect(
      try days(rule(.date(offset: 1)), of: base("1996-02-29"), in: 2027...2028) == ["2027-03-01", "2028-03-01"])
    let early = try rule(.date(offset: -3)).occurrence(
      of: base("1990-01-02"), beginningOn: CalendarDate(parsing: "2027-12-30"))
    #expect(early?.date.description == "2028-01-02" && early?.years == 38 && early?.key == 2028)
  }

  @Test("is one of its year, whichever zone reckons it")
  func newYear() throws {
    // 2020-12-31T23:30Z is a day of 2021 in Brussels, and of 2020 in New York.
    let rule = try rule(.date("renewal"))
    let brussels = try rule.occurrence(
      of: base("2021-01-01", utc: "2020-12-31"), beginningOn: CalendarDate(parsing: "2027-01-01"))
    let newYork = try rule.occurrence(
      of: base("2020-12-31", utc: "2020-12-31"), beginningOn: CalendarDate(parsing: "2026-12-31"))
    #expect(brussels != nil && brussels?.key == newYork?.key)
  }

  @Test("asks for every day that may begin something, and for few", arguments: [false, true])
  func asked(isTimestamp: Bool) throws {
    let rules = try [
      rule(.date()), rule(.date(leapDay: .march1)), rule(.date(offset: -366)), rule(.date("birthDate", .once)),
    ]
    // Around the ends of February and of the year.
    let starts = try ["2027-02-22", "2028-02-22", "2027-12-28"].map { try CalendarDate(parsing: $0).daysSinceEpoch }
    for rule in rules {
      for first in starts.flatMap({ $0..<$0 + 10 }) {
        let days = try (first...first + 2).map { try CalendarDate(daysSinceEpoch: $0) }
        let asked = rule.askedDays(beginningOn: days, isTimestamp: isTimestamp)
        #expect(asked.count <= 12)
        // Dates of a common year and of a leap year, as their zones have them a day later or earlier.
        for year in [1996, 1997, 2027] {
          for day in [0..<6, 50..<64, 355..<367].joined() {
            let first = try CalendarDate(year: year, month: 1, day: 1).daysSinceEpoch
            let base = try CalendarDate(daysSinceEpoch: first + Int32(day))
            guard days.contains(where: { rule.occurrence(of: .init(day: base, fixed: base), beginningOn: $0) != nil })
            else { continue }
            for shift: Int32 in isTimestamp ? [-1, 0, 1] : [0] {
              let parts = try CalendarDate(daysSinceEpoch: base.daysSinceEpoch + shift).components
              let isAsked = asked.contains {
                ($0.year == 0 || $0.year == parts.year) && $0.month == parts.month && $0.day == parts.day
              }
              #expect(isAsked, "\(base) \(shift) on \(days)")
            }
          }
        }
      }
    }
  }
}
