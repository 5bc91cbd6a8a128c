import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing

@testable import Automation

@Suite("Executions, whatever dies")
struct DurabilityTests {
  /// Where the copy dies that works on a step.
  enum Death: CaseIterable {
    /// It has taken the execution on, and called nobody.
    case intentStored
    /// The call took effect, and nothing is stored.
    case called
    /// The answer to the call was lost on the way.
    case answerLost
    /// The outcome is stored, and nothing else done.
    case outcomeStored
  }

  @Test("have exactly one effect from each step", arguments: Death.allCases, [true, false])
  func crash(_ death: Death, _ sends: Bool) async throws {
    try await TestSuite.with { suite async throws in
      let first: AutomationV1.Step = sends ? .send("first", next: "last") : .update("first", next: "last")
      try await suite.activate("test", .sample(steps: [first, .update("last", ["newsletter": .bool(true)])]))
      try await suite.start(values: ["rating": .int(5)])
      if death == .answerLost { suite.neighbours.fail(RPCError(.unavailable, "lost"), afterEffect: true) }
      let claimed = try await suite.rooms.executions.claimDue(limit: 10, now: suite.time.now)
      let execution = try #require(claimed.first)
      let version = try #require(try await suite.rooms.scenarios.version(1, of: execution.scenario))
      let taker = suite.rooms.executionWorker.taker
      switch death {
      case .intentStored: break
      case .called, .answerLost: _ = try await taker.take(execution, on: version)
      case .outcomeStored:
        let settlement = try await taker.take(execution, on: version)
        _ = try await suite.rooms.executions.settle(execution, settlement, now: suite.time.now)
      }
      // While the lease holds, nobody else takes it on.
      #expect(try await suite.rooms.executionWorker.workOnce() == 0)
      try await suite.expireLeases()
      try await suite.work()
      let done = try await suite.executions()
      #expect(done.map(\.state) == [.completed] && done[0].steps.map(\.step) == ["first", "last"])
      #expect(suite.neighbours.sendCount == (sends ? 1 : 0))
      #expect(suite.neighbours.writeCount == (sends ? 1 : 2))
      // The copy that was only slow settles nothing any more.
      let stale = try await suite.rooms.executions.settle(execution, .failed("late"), now: suite.time.now)
      #expect(stale == nil)
      #expect(try await suite.executions().map(\.state) == [.completed])
    }
  }

  @Test("are moved by one copy alone: who held them before changes nothing any more")
  func slowCopy() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(steps: [.send("first", next: "last"), .update("last")]))
      try await suite.start()
      let store = suite.rooms.executions
      let slow = try #require(await store.claimDue(limit: 1, now: suite.time.now).first)
      try await suite.expireLeases()
      let own = try #require(await store.claimDue(limit: 1, now: suite.time.now).first)
      #expect(try await store.settle(slow, .failed("late"), now: suite.time.now) == nil)
      try await store.release([slow])
      #expect(try await store.claimDue(limit: 1, now: suite.time.now).isEmpty)
      let next = try await store.settle(own, .moved(to: "last", outcome: "sent"), now: suite.time.now)
      #expect(next?.step == "last" && next?.taken == 1)
      try await store.release([own])
      try await suite.work()
      #expect(try await suite.executions().map(\.state) == [.completed])
    }
  }

  @Test("begin once, though a copy dies when it has looked at what arrived")
  func arrivalCrash() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(.row()))
      try suite.neighbours.addOrder(1, of: 1, amount: "1")
      try await suite.follow(rows: [(1, 1)])
      let dead = try await suite.rooms.arrivalWorker.store.claimDue(limit: 10, now: suite.time.now)
      #expect(dead.count == 1)
      #expect(try await suite.rooms.arrivalWorker.workOnce() == 0)
      try await suite.expireLeases()
      try await suite.work()
      #expect(try await suite.executions().count == 1)
      let late = try await suite.test.database.transaction(as: .worker) {
        try await ArrivalStore.settle(dead, in: $0)
      }
      #expect(late.isEmpty)
    }
  }

  @Test("keep the cursor and what arrived in one transaction")
  func oneTransaction() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.activate("test", .sample(.row()))
      try suite.neighbours.addOrder(1, of: 1, amount: "1")
      struct Died: Error {}
      await #expect(throws: Died.self) {
        try await suite.test.database.transaction(as: .worker) { transaction in
          var changed = InternalV1.RowsChanged()
          (changed.customTable, changed.rows, changed.profiles, changed.created) = (31, [1], [1], true)
          try await ArrivalStore.note(
            rows: changed, suffix: "", at: suite.time.now, now: suite.time.now, in: transaction)
          throw Died()
        }
      }
      try await suite.work()
      #expect(try await suite.executions().isEmpty)
    }
  }

  @Test("are shared by two copies, each taken by one")
  func twoCopies() async throws {
    try await TestSuite.with(profiles: 300) { suite async throws in
      try await suite.activate("test", .sample(.row(), steps: [.send("send", next: "set"), .update("set")]))
      for number: Int64 in 1...300 { try suite.neighbours.addOrder(number, of: UInt32(number), amount: "1") }
      try await suite.follow(rows: (1...300).map { (Int64($0), UInt32($0)) })
      try await suite.withAnotherCopy { other in
        let own = suite.rooms
        async let first: Void = drain(own)
        async let second: Void = drain(other)
        _ = try await (first, second)
      }
      try await suite.work()
      #expect(try await suite.executions().filter { $0.state == .completed }.count == 300)
      #expect(suite.neighbours.sendCount == 300 && suite.neighbours.writeCount == 300)
      // No call was made twice, so no execution was taken on twice.
      #expect(suite.neighbours.effectCalls == 600)
    }
  }

  private func drain(_ rooms: Rooms) async throws {
    for _ in 1...5 {
      try await rooms.arrivalWorker.workOnce()
      while try await rooms.executionWorker.workOnce() > 0 {}
    }
  }

  @Test("drain, ten thousand of them")
  func many() async throws {
    try await TestSuite.with(profiles: 10_000) { suite async throws in
      try await suite.activate(
        "test", .sample(.row(bulk: true), steps: [.wait("w", seconds: 60, next: "send"), .send("send")]))
      for number: Int64 in 1...10_000 { try suite.neighbours.addOrder(number, of: UInt32(number), amount: "1") }
      for start in stride(from: 1, to: 10_001, by: 5_000) {
        try await suite.follow(rows: (start..<start + 5_000).map { (Int64($0), UInt32($0)) }, bulk: true)
      }
      try await suite.work()
      #expect(suite.neighbours.sendCount == 0)
      suite.time.advance(by: .seconds(60))
      try await suite.work()
      #expect(suite.neighbours.sendCount == 10_000 && suite.neighbours.effectCalls == 10_000)
      #expect(try await suite.count("SELECT count(*) FROM executions WHERE state = 3") == 10_000)
      #expect(try await suite.keptValues() == 0)
    }
  }
}

extension TestSuite {
  func count(_ sql: String) async throws -> Int64 {
    try await test.database.read(Statement(name: "test.count", sql: sql), [], as: .worker)[0].int(0)
  }

  /// Executions that still keep the trigger's values, which are personal.
  func keptValues() async throws -> Int64 {
    try await count("SELECT count(*) FROM executions WHERE trigger_values IS NOT NULL")
  }
}
