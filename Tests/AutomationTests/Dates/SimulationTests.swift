import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables
import Values

@testable import Automation

@Suite("Ninety days of a scenario")
struct SimulationTests {
  @Test("go the same way for the same seed: birthdays, waits, branches, crashes and peers away")
  func ninetyDays() async throws {
    let first = try await Simulation.run(seed: 20_270_314, days: 90)
    try first.checkBirthdays()
    for step in ["(begins)", "age then", "age otherwise", "young wrote vip", "member then", "member otherwise"] {
      #expect(first.trace.contains { $0.contains(" \(step)") }, "\(step)")
    }
    let second = try await Simulation.run(seed: 20_270_314, days: 90)
    // Not the traces themselves: thousands of lines tell nobody more than the first that differs.
    #expect(first.trace.count == second.trace.count)
    #expect(zip(first.trace, second.trace).first { $0 != $1 } == nil)
    let other = try await Simulation.run(seed: 7, days: 10)
    #expect(zip(first.trace, other.trace).contains { $0 != $1 })
  }
}

/// A scenario that birthdays begin, of profiles in zones around the world, from 20 February 2027 on: over both changes of
/// clocks of spring. Chance, from a seed, gives dates and zones, changes them, takes peers away and kills copies.
private struct Simulation {
  static let zones = ["Europe/Brussels", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", ""]
  static let start = "2027-02-20T00:00:00Z"
  static let count: UInt32 = 60
  static let steps: [AutomationV1.Step] = [
    .wait("pause", seconds: 36 * 3_600, next: "age"),
    .branch("age", on: .triggerValue("years"), .from(.int(40)), then: "send", otherwise: "young"),
    .update("young", ["vip": .bool(true)], next: "send"),
    .send("send", next: "later"),
    .wait("later", seconds: 7 * 86_400, next: "member"),
    .branch("member", on: .profileField("vip"), .equals(.bool(true)), then: "again", otherwise: ""),
    .send("again"),
  ]

  /// What happened, step by step, in order.
  var trace: [String] = []
  /// When each profile's execution began.
  var begun: [UInt32: [Timestamp]] = [:]
  /// Those whose date and zone stayed as they were.
  var steady: [UInt32: (born: CalendarDate, zone: String)] = [:]
  var end = Timestamp.epoch

  static func run(seed: UInt64, days: Int64) async throws -> Simulation {
    var simulation = Simulation()
    try await TestSuite.with(profiles: count) { suite async throws in
      let chance = RepeatableRandomness(seed: seed)
      try simulation.populate(suite, chance)
      suite.neighbours.with { state in
        state.isAway = { id, calls in
          calls < 3 && "\(id)/\(calls)".utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) } % 11 == 0
        }
      }
      suite.time.jump(to: try Timestamp(parsing: start))
      try await suite.activate("test", .sample(.date(), steps: steps))
      simulation.end = suite.time.now.advanced(by: .seconds(days * 86_400))
      var planner = suite.rooms.datePlanner
      planner.longestBreak = .seconds(6 * 3_600)
      while suite.time.now < simulation.end {
        try simulation.disturb(suite, chance)
        let fence = try #require(try await DatePlanner.lease.acquire(holder: "test", in: suite.test.database))
        if chance.next() % 10 == 0 {
          // A copy that lost its lease looks first, and one that took executions on dies.
          await #expect(throws: LeaseLost.self) {
            try await suite.setPlanned(suite.time.now.advanced(by: .seconds(-1)))
            try await planner.workOnce(fence: fence - 1)
          }
          _ = try await suite.rooms.executions.claimDue(limit: 5, now: suite.time.now)
          try await suite.expireLeases()
        }
        #expect(try await planner.workOnce(fence: fence))
        while try await suite.rooms.executionWorker.workOnce() > 0 {}
        suite.time.jump(to: try await suite.nextDue())
      }
      try await simulation.record(suite)
    }
    return simulation
  }

  /// Birthdays of the 90 days and those around them, 29 February among them.
  private mutating func populate(_ suite: TestSuite, _ chance: RepeatableRandomness) throws {
    let first = try CalendarDate(parsing: "1980-02-10").daysSinceEpoch
    for profile in 1...Self.count {
      let year = Int32(chance.next() % 30) * 365
      var born = try CalendarDate(daysSinceEpoch: first + year + Int32(chance.next() % 110))
      if profile % 20 == 0 { born = try CalendarDate(parsing: "1996-02-29") }
      let zone = Self.zones[Int(chance.next() % UInt64(Self.zones.count))]
      try suite.set(profile, born: born.description, zone: zone.isEmpty ? nil : zone)
      steady[profile] = (born, zone.isEmpty ? "Europe/Brussels" : zone)
    }
  }

  /// Now and then a profile moves, or turns out to be born on another day.
  private mutating func disturb(_ suite: TestSuite, _ chance: RepeatableRandomness) throws {
    guard chance.next() % 40 == 0 else { return }
    // The odd ones are left alone.
    let profile = UInt32(chance.next() % UInt64(Self.count / 2)) * 2 + 2
    steady[profile] = nil
    if chance.next() % 2 == 0 {
      suite.set(profile, ["zone": .text(Self.zones[Int(chance.next() % 4)])])
    } else {
      let day = try CalendarDate(parsing: "1985-02-20").daysSinceEpoch + Int32(chance.next() % 90)
      suite.set(profile, ["birthDate": try .date(CalendarDate(daysSinceEpoch: day).description)])
    }
  }

  private mutating func record(_ suite: TestSuite) async throws {
    let rows = try await suite.test.database.read(
      Statement(
        name: "test.trace",
        sql: """
          SELECT s.taken_at, e.profile, s.step, s.outcome
          FROM execution_steps AS s
            JOIN executions AS e ON e.number = s.execution
          UNION ALL
          SELECT created_at, profile, '(begins)', ''
          FROM executions
          ORDER BY 1, 2, 3
          """), [], as: .worker)
    for row in rows {
      let (time, profile, step) = (try row.timestamp(0), UInt32(try row.int(1)), try row.text(2))
      trace.append("\(time) \(profile) \(step) \(try row.text(3))")
      if step == "(begins)" { begun[profile, default: []].append(time) }
    }
  }

  /// Each of the steady ones began on its birthday at 9 by its own clock, and on no other day.
  func checkBirthdays() throws {
    var count = 0
    for (profile, (born, name)) in steady {
      let zone = try #require(Zone(name))
      let (_, month, day) = born.components
      // 2027 is a common year.
      let birthday = try CalendarDate(year: 2027, month: month, day: month == 2 && day == 29 ? 28 : day)
      let hour = try zone.instant(of: birthday, second: 9 * 3_600)
      let isWithin = try Timestamp(parsing: Self.start) <= hour && hour < end
      #expect(begun[profile, default: []] == (isWithin ? [hour] : []), "\(profile): \(born) in \(name)")
      if isWithin { count += 1 }
    }
    #expect(count > 20)
  }
}

extension TestSuite {
  /// When there is something to do next.
  fileprivate func nextDue() async throws -> Timestamp {
    let next = try await test.database.read(
      Statement(
        name: "test.next",
        sql: """
          SELECT least(
            (SELECT min(next_at) FROM date_plans), (SELECT min(wake_at) FROM executions WHERE wake_at IS NOT NULL))
          """), [], as: .worker)[0].timestamp(0)
    return max(next, time.now.advanced(by: .seconds(1)))
  }
}
