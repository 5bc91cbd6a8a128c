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

@Suite("Dates that begin executions")
struct DateTriggerTests {
  /// A suite whose clock stands at a time, with an active scenario.
  private func with(
    _ trigger: AutomationV1.Trigger = .date(), reentry: AutomationV1.Reentry = .always,
    steps: [AutomationV1.Step] = [.update("set")], from time: String,
    _ body: (TestSuite) async throws -> Void
  ) async throws {
    try await TestSuite.with { suite async throws in
      suite.time.jump(to: try Timestamp(parsing: time))
      try await suite.activate("test", .sample(trigger, reentry: reentry, steps: steps))
      try await body(suite)
    }
  }

  // MARK: - The right day

  @Test(
    "come at their hour, on 28 February of a common year for who was born on the 29th",
    arguments: [("2027-02-28", [1, 2]), ("2028-02-28", [1]), ("2028-02-29", [2]), ("2027-03-01", [])])
  func leapDay(day: String, expected: [UInt32]) async throws {
    try await with(from: "2027-01-01T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-02-28")
      try suite.set(2, born: "1996-02-29")
      try await suite.plan(at: "\(day)T07:59:59Z")
      let before = try await suite.begun().count
      try await suite.plan(at: "\(day)T08:00:00Z")
      #expect(try await suite.begun().dropFirst(before).elementsEqual(expected))
      try await suite.plan(at: "\(day)T20:00:00Z")
      #expect(try await suite.begun().count == before + expected.count)
    }
  }

  @Test(
    "come once over both changes of clocks, at the first instant of their hour or behind it",
    arguments: [
      ("Europe/Brussels", 2, 30, "1990-03-28", "2027-03-28T01:00:00Z"),
      ("Europe/Brussels", 2, 30, "1990-10-31", "2027-10-31T00:30:00Z"),
      ("Europe/Brussels", 9, 0, "1990-03-28", "2027-03-28T07:00:00Z"),
      ("Europe/Brussels", 9, 0, "1990-10-31", "2027-10-31T08:00:00Z"),
      ("America/New_York", 2, 30, "1990-03-14", "2027-03-14T07:00:00Z"),
      ("America/New_York", 1, 30, "1990-11-07", "2027-11-07T05:30:00Z"),
      ("America/New_York", 9, 0, "1990-03-14", "2027-03-14T13:00:00Z"),
      ("America/New_York", 9, 0, "1990-11-07", "2027-11-07T14:00:00Z"),
    ])
  func clockChange(zone: String, hour: Int32, minute: Int32, born: String, at instant: String) async throws {
    try await with(.date(at: hour, minute), from: "2027-01-01T00:00:00Z") { suite async throws in
      try suite.set(1, born: born, zone: zone)
      let hour = try Timestamp(parsing: instant)
      try await suite.plan(at: hour.advanced(by: .seconds(-1)).description)
      #expect(try await suite.begun().isEmpty)
      try await suite.plan(at: hour.description)
      #expect(try await suite.begun() == [1])
      // The hour that comes twice comes again, and the day goes on.
      for later in 1...26 { try await suite.plan(at: hour.advanced(by: .seconds(3_600 * Int64(later))).description) }
      #expect(try await suite.begun() == [1])
    }
  }

  @Test("come in each zone on its own day, from the first to see it to the last, and else in the entity's")
  func zones() async throws {
    try await with(from: "2027-06-01T00:00:00Z") { suite async throws in
      let zones: [(UInt32, String?, String)] = [
        (1, "Pacific/Kiritimati", "2027-06-14T19:00:00Z"), (2, "Asia/Kolkata", "2027-06-15T03:30:00Z"),
        (3, "Europe/Brussels", "2027-06-15T07:00:00Z"), (4, nil, "2027-06-15T07:00:00Z"),
        (5, "Mars/Olympus_Mons", "2027-06-15T07:00:00Z"), (6, "America/New_York", "2027-06-15T13:00:00Z"),
        (7, "Pacific/Pago_Pago", "2027-06-15T20:00:00Z"),
      ]
      for (profile, zone, _) in zones { try suite.set(profile, born: "1990-06-15", zone: zone) }
      for instant in Set(zones.map(\.2)).sorted() {
        let moment = try Timestamp(parsing: instant)
        try await suite.plan(at: moment.advanced(by: .seconds(-1)).description)
        #expect(try await suite.begun() == zones.filter { $0.2 < instant }.map(\.0))
        try await suite.plan(at: instant)
        #expect(try await suite.begun() == zones.filter { $0.2 <= instant }.map(\.0))
      }
    }
  }

  @Test("of a time are those of its day in the profile's zone, days before it")
  func times() async throws {
    try await with(.date("renewal", .once, offset: -3), from: "2027-01-01T00:00:00Z") { suite async throws in
      for (profile, zone) in [(1, "Europe/Brussels"), (2, "America/New_York")] as [(UInt32, String)] {
        suite.set(profile, ["renewal": try .time("2027-05-31T23:30:00Z"), "zone": .text(zone)])
      }
      try await suite.plan(at: "2027-05-28T07:00:00Z")
      #expect(try await suite.begun().isEmpty)
      try await suite.plan(at: "2027-05-28T13:00:00Z")
      #expect(try await suite.begun() == [2])
      try await suite.plan(at: "2027-05-29T07:00:00Z")
      #expect(try await suite.begun() == [2, 1])
      // It is put off: another date.
      suite.set(1, ["renewal": try .time("2027-06-10T12:00:00Z")])
      try await suite.plan(at: "2027-06-07T07:00:00Z")
      #expect(try await suite.begun() == [2, 1, 1])
      try await suite.plan(at: "2028-05-29T20:00:00Z")
      #expect(try await suite.begun() == [2, 1, 1])
    }
  }

  @Test("give the day and the years")
  func values() async throws {
    let steps: [AutomationV1.Step] = [
      .branch("round", on: .triggerValue("years"), .from(.int(30)), then: "send", otherwise: "set"),
      .send("send"), .update("set"),
    ]
    try await with(.date(offset: -2), steps: steps, from: "2027-06-01T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1997-06-15")
      try suite.set(2, born: "1998-06-15")
      try await suite.plan(at: "2027-06-13T07:00:00Z")
      let sent = NeighboursDouble.Sent(
        campaign: "entities/b2c/campaigns/thank-you", profile: 1,
        values: ["date": try .date("2027-06-15"), "years": .int(30)])
      #expect(suite.neighbours.sends == [sent] && suite.neighbours.fields(2)["vip"] == .bool(true))
    }
  }

  // MARK: - What changes

  @Test("count as they are at the hour, and while the day lasts; each year once")
  func changes() async throws {
    try await with(from: "2027-06-01T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-06-15")
      try suite.set(2, born: "1990-06-15")
      try await suite.plan(at: "2027-06-15T06:50:00Z")
      // It was another day: before the hour that begins nothing, behind it nothing comes again.
      try suite.set(1, born: "1990-06-16")
      try await suite.plan(at: "2027-06-15T07:00:00Z")
      #expect(try await suite.begun() == [2])
      try suite.set(2, born: "1990-06-16")
      try await suite.plan(at: "2027-06-16T07:00:00Z")
      #expect(try await suite.begun() == [2, 1])
      // Of two that turn out to be of this day, the one whose day still lasts begins.
      try suite.set(3, born: "1990-06-16")
      try await suite.plan(at: "2027-06-16T21:59:00Z")
      #expect(try await suite.begun() == [2, 1, 3])
      try suite.set(4, born: "1990-06-16")
      try await suite.plan(at: "2027-06-16T22:10:00Z")
      #expect(try await suite.begun() == [2, 1, 3])
      try await suite.plan(at: "2028-06-16T07:00:00Z")
      #expect(try await suite.begun().sorted() == [1, 1, 2, 2, 3, 3 as UInt32, 4].sorted())
    }
  }

  @Test("are not lost and not doubled when a profile moves to another zone on the day")
  func moves() async throws {
    try await with(from: "2027-06-01T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-06-15", zone: "Europe/Brussels")
      try suite.set(2, born: "1990-06-15", zone: "America/New_York")
      try await suite.plan(at: "2027-06-15T07:00:00Z")
      #expect(try await suite.begun() == [1])
      try suite.set(1, born: "1990-06-15", zone: "America/New_York")
      try suite.set(2, born: "1990-06-15", zone: "Europe/Brussels")
      try await suite.plan(at: "2027-06-15T07:10:00Z")
      #expect(try await suite.begun() == [1, 2])
      try await suite.plan(at: "2027-06-15T13:00:00Z")
      #expect(try await suite.begun() == [1, 2])
    }
  }

  @Test("that were due before activation begin nothing, on the same day either")
  func activation() async throws {
    try await with(from: "2027-06-15T07:00:01Z") { suite async throws in
      try suite.set(1, born: "1990-06-15")
      try suite.set(2, born: "1990-06-15", zone: "America/New_York")
      try await suite.plan(at: "2027-06-15T08:00:00Z")
      #expect(try await suite.begun().isEmpty)
      try await suite.plan(at: "2027-06-15T13:00:00Z")
      #expect(try await suite.begun() == [2])
      // What is due in a pause is not made up for.
      try suite.set(3, born: "1990-06-16")
      let name = "entities/b2c/scenarios/test"
      _ = try await suite.call(AutomationV1.ScenarioService.pauseScenario) { $0.name = name }
      try await suite.plan(at: "2027-06-16T07:00:00Z")
      suite.time.advance(by: .seconds(60))
      _ = try await suite.call(AutomationV1.ScenarioService.activateScenario) { $0.name = name }
      try await suite.plan()
      #expect(try await suite.begun() == [2])
    }
  }

  @Test("that the re-entry refuses are not made up for")
  func reentry() async throws {
    let steps: [AutomationV1.Step] = [.wait("w", seconds: 4 * 3_600)]
    try await with(.date("renewal", .once), reentry: .oneAtATime, steps: steps, from: "2027-06-01T00:00:00Z") {
      suite async throws in
      suite.set(1, ["renewal": try .time("2027-06-15T12:00:00Z")])
      try await suite.plan(at: "2027-06-15T07:00:00Z")
      // Another value of this day's hour, while it is here.
      suite.set(1, ["renewal": try .time("2027-06-14T23:00:00Z")])
      try await suite.plan(at: "2027-06-15T07:10:00Z")
      try await suite.plan(at: "2027-06-15T11:10:00Z")
      try await suite.plan(at: "2027-06-15T11:20:00Z")
      #expect(try await suite.executions().map(\.state) == [.completed])
    }
  }

  // MARK: - Clocks and crashes

  @Test("come late, up to 48 hours, when nobody could look at their hour", arguments: [47, 49])
  func late(hours: Int64) async throws {
    try await with(from: "2027-06-01T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-06-15")
      try await suite.plan(at: "2027-06-14T12:00:00Z")
      let late = try Timestamp(parsing: "2027-06-15T07:00:00Z").advanced(by: .seconds(hours * 3_600))
      try await suite.plan(at: late.description)
      #expect(try await suite.begun() == (hours < 48 ? [1] : []))
    }
  }

  @Test("come once, though the clock is set back, or years ahead by mistake")
  func jumps() async throws {
    try await with(from: "2027-06-01T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-06-15")
      try suite.set(2, born: "1990-06-16")
      try await suite.plan(at: "2027-06-15T07:00:00Z")
      try await suite.plan(at: "2027-06-15T06:00:00Z")
      try await suite.plan(at: "2027-06-15T07:00:00Z")
      #expect(try await suite.begun() == [1])
      try await suite.plan(at: "2031-01-01T00:00:00Z")
      try await suite.plan(at: "2027-06-15T08:00:00Z")
      try await suite.plan(at: "2027-06-16T06:59:59Z")
      #expect(try await suite.begun() == [1])
      try await suite.plan(at: "2027-06-16T07:00:00Z")
      #expect(try await suite.begun() == [1, 2])
      // A clock that was ahead when the scenario was activated keeps nothing from beginning either.
      let name = "entities/b2c/scenarios/test"
      _ = try await suite.call(AutomationV1.ScenarioService.pauseScenario) { $0.name = name }
      suite.time.jump(to: try Timestamp(parsing: "2029-01-01T00:00:00Z"))
      _ = try await suite.call(AutomationV1.ScenarioService.activateScenario) { $0.name = name }
      try suite.set(3, born: "1990-06-17")
      try await suite.plan(at: "2027-06-17T06:59:00Z")
      try await suite.plan(at: "2027-06-17T07:00:00Z")
      #expect(try await suite.begun() == [1, 2, 3])
    }
  }

  @Test("begin once, though a copy dies between the beginning and the note of how far it came")
  func crash() async throws {
    try await with(from: "2027-06-01T00:00:00Z") { suite async throws in
      for profile: UInt32 in 1...20 { try suite.set(profile, born: "1990-06-15") }
      try await suite.plan(at: "2027-06-14T12:00:00Z")
      let planned = try await suite.planned()
      try await suite.plan(at: "2027-06-15T07:00:00Z")
      // As the row stood when the copy died.
      try await suite.setPlanned(planned)
      try await suite.plan(at: "2027-06-15T07:00:05Z")
      #expect(try await suite.begun().count == 20 && suite.neighbours.writeCount == 20)
    }
  }

  @Test("are begun by one copy alone: one whose lease another holds begins nothing")
  func lease() async throws {
    try await with(from: "2027-06-15T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-06-15")
      suite.time.jump(to: try Timestamp(parsing: "2027-06-15T07:00:00Z"))
      let planner = suite.rooms.datePlanner
      let lost = try #require(try await DatePlanner.lease.acquire(holder: "lost", in: suite.test.database))
      try await DatePlanner.lease.release(fence: lost, in: suite.test.database)
      let own = try #require(try await DatePlanner.lease.acquire(holder: "own", in: suite.test.database))
      await #expect(throws: LeaseLost.self) { try await planner.workOnce(fence: lost) }
      #expect(try await suite.begun().isEmpty)
      #expect(try await planner.workOnce(fence: own))
      #expect(try await suite.begun() == [1])
    }
  }

  @Test("wait for Profiles while it is away")
  func away() async throws {
    try await with(from: "2027-06-15T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-06-15")
      suite.time.jump(to: try Timestamp(parsing: "2027-06-15T07:00:00Z"))
      suite.neighbours.failLooking(RPCError(.unavailable, "away"))
      let fence = try #require(try await DatePlanner.lease.acquire(holder: "test", in: suite.test.database))
      #expect(try await suite.rooms.datePlanner.workOnce(fence: fence) == false)
      #expect(try await suite.begun().isEmpty)
      try await suite.plan()
      #expect(try await suite.begun() == [1])
    }
  }

  @Test("look seldom: at the hours of the zones there are, and every ten minutes")
  func seldom() async throws {
    try await with(from: "2027-06-15T06:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-06-15")
      try await suite.plan()
      let store = suite.rooms.datePlanner.plans
      func isDue(_ time: String) async throws -> Bool {
        try await !store.due(now: Timestamp(parsing: time)).isEmpty
      }
      #expect(try await isDue("2027-06-15T06:09:59Z") == false)
      #expect(try await isDue("2027-06-15T06:10:00Z"))
      try await suite.plan(at: "2027-06-15T06:55:00Z")
      #expect(try await isDue("2027-06-15T06:59:59Z") == false)
      #expect(try await isDue("2027-06-15T07:00:00Z"))
    }
  }

  // MARK: - Who is gone

  @Test("of a profile that is gone begin nothing, and what was noted of it goes with it")
  func gone() async throws {
    try await with(steps: [.wait("w", seconds: 60)], from: "2027-06-15T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-06-15")
      try suite.set(2, born: "1990-06-15", zone: "America/New_York")
      try await suite.plan(at: "2027-06-15T07:00:00Z")
      #expect(try await suite.count("SELECT count(*) FROM occurrences") == 1)
      var deleted = InternalV1.ProfileDeleted()
      (deleted.profileTable, deleted.profiles) = (7, [1, 2])
      try await suite.follow(suite.rooms.profileFollower, [deleted])
      #expect(try await suite.count("SELECT count(*) FROM occurrences") == 0)
      // Profiles was asked before it was deleted there.
      try await suite.plan(at: "2027-06-15T13:00:00Z")
      #expect(try await suite.executions().map(\.state) == [.left])
      #expect(try await suite.count("SELECT count(*) FROM occurrences") == 0)
    }
  }

  // MARK: - Definitions

  @Test("are defined completely, or refused by field")
  func definitions() async throws {
    func changed(_ change: (inout AutomationV1.DateTrigger) -> Void) -> AutomationV1.Trigger {
      var trigger = AutomationV1.Trigger.date()
      guard case .date(var date) = trigger.kind else { return trigger }
      change(&date)
      trigger.kind = .date(date)
      return trigger
    }
    try await TestSuite.with { suite async throws in
      let faults: [(String, AutomationV1.Trigger)] = [
        ("attribute", changed { $0.attribute = "" }), ("attribute", .date("shoeSize")),
        ("attribute", .date("firstName")), ("attribute", .date("vip")),
        ("recurrence", .date("birthDate", .unspecified)), ("recurrence", .date("birthDate", .init(rawValue: 9))),
        ("offset_days", .date(offset: 367)), ("offset_days", .date(offset: -367)),
        ("time_of_day", changed { $0.timeOfDay = nil }), ("time_of_day", .date(at: 24)),
        ("time_of_day", .date(at: -1)), ("time_of_day", .date(at: 9, 60)),
        ("leap_day", .date(leapDay: .init(rawValue: 9))),
        ("leap_day", .date("birthDate", .once, leapDay: .march1)),
      ]
      for (field, trigger) in faults {
        let refusal = try await suite.creationRefusal(.sample(trigger))
        #expect(refusal.code == .invalidArgument && refusal.fields == ["scenario.trigger.date.\(field)"], "\(field)")
      }
      let once = AutomationV1.Step.branch(
        "b", on: .triggerValue("years"), .equals(.int(1)), then: "s", otherwise: "s")
      let refusal = try await suite.creationRefusal(
        .sample(.date("birthDate", .once), steps: [once, .update("s")]))
      #expect(refusal.fields == ["scenario.steps[0].branch.condition.trigger_value"])
      let zone = try await suite.creationRefusal(.sample(steps: [.update("s", ["zone": .text("Mars/Olympus_Mons")])]))
      #expect(zone.fields == ["scenario.steps[0].update_profile.fields.zone"])
      // It does not begin by a call, and a scenario may become one that dates begin.
      try await suite.activate("called", .sample())
      _ = try await suite.call(AutomationV1.ScenarioService.updateScenario) {
        $0.scenario = .sample(.date())
        $0.scenario?.name = "entities/b2c/scenarios/called"
        $0.updateMask = .init(paths: "trigger")
      }
      let call = try await suite.refusal(AutomationV1.ScenarioService.startExecution) { request in
        (request.parent, request.profile) = ("entities/b2c/scenarios/called", "\(TestSuite.customers)/profiles/1")
      }
      #expect(call.reason == "SCENARIO_NOT_CALLED")
      try await suite.plan()
      #expect(try await suite.count("SELECT count(*) FROM date_plans WHERE version = 2") == 1)
    }
  }

  // MARK: - Waits

  @Test("are followed by waits of real time, whatever the clocks of the zone do")
  func waits() async throws {
    let steps: [AutomationV1.Step] = [.wait("w", seconds: 86_400, next: "set"), .update("set")]
    try await with(steps: steps, from: "2027-03-01T00:00:00Z") { suite async throws in
      try suite.set(1, born: "1990-03-27")
      try await suite.plan(at: "2027-03-27T08:00:00Z")
      // 24 hours later it is 10 in Brussels.
      try await suite.plan(at: "2027-03-28T07:59:59Z")
      #expect(try await suite.executions().map(\.state) == [.waiting])
      try await suite.plan(at: "2027-03-28T08:00:00Z")
      #expect(try await suite.executions().map(\.state) == [.completed])
    }
  }
}

extension TestSuite {
  /// How far the scenario has come.
  func planned() async throws -> Timestamp {
    try await test.database.read(
      Statement(name: "test.planned", sql: "SELECT planned_until FROM date_plans"), [], as: .worker)[0].timestamp(0)
  }

  func setPlanned(_ until: Timestamp) async throws {
    try await test.database.write(
      Statement(name: "test.set_planned", sql: "UPDATE date_plans SET planned_until = $1, next_at = $1"),
      [.timestamp(until)], as: .worker)
  }
}
