import Database
import DatabaseTesting
import Logging
import ServiceKitTesting
import Synchronization
import Testing

@testable import ServiceKit

@Suite("What a copy concludes of its lease")
struct LeaseMachineTests {
  private let start = ContinuousClock.now

  private func after(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

  /// A machine that got a lease of 30 s at the start.
  private func holding() -> LeaseMachine {
    var machine = LeaseMachine(length: .seconds(30), now: start)
    _ = machine.acquired(fence: 4, askedAt: start)
    return machine
  }

  @Test("asks at once, and again a third of the length later while another holds it")
  func waiting() {
    var machine = LeaseMachine(length: .seconds(30), now: start)
    #expect(machine.tick(now: start) == .acquire)
    machine.notAcquired(now: start)
    #expect(machine.tick(now: after(9)) == .none)
    #expect(machine.nextTick == after(10))
    #expect(machine.tick(now: after(10)) == .acquire)
  }

  @Test("begins under the number it got, and renews a third of the length later")
  func renews() {
    var machine = LeaseMachine(length: .seconds(30), now: start)
    #expect(machine.acquired(fence: 4, askedAt: start) == .begin(fence: 4))
    #expect(machine.tick(now: after(9)) == .none)
    #expect(machine.tick(now: after(10)) == .renew(fence: 4))
    machine.renewed(askedAt: after(10))
    #expect(machine.nextTick == after(20))
  }

  @Test("stops before the lease can have run out, counted from before the request")
  func stopsInTime() {
    var machine = holding()
    machine.renewalFailed(now: after(26))
    #expect(machine.tick(now: after(26)) == .none)
    #expect(machine.nextTick == after(27))
    #expect(machine.tick(now: after(27)) == .stop)
    #expect(machine.fence == nil)
    #expect(machine.tick(now: after(27)) == .acquire)
  }

  @Test("a failed renewal is tried again while there is time")
  func retries() {
    var machine = holding()
    machine.renewalFailed(now: after(10))
    #expect(machine.tick(now: after(12)) == .none)
    #expect(machine.tick(now: after(13)) == .renew(fence: 4))
  }

  @Test("stops at once when the database says that the lease is another's")
  func lost() {
    var machine = holding()
    #expect(machine.lost(now: after(10)) == .stop)
    #expect(machine.lost(now: after(10)) == .none)
  }
}

@Suite("Leases in PostgreSQL")
struct LeaseTests {
  private let lease = Lease(name: "work")

  @Test("one holds it at a time, under a number that rises with each holder")
  func exclusive() async throws {
    try await LogFixture.with { fixture in
      #expect(try await lease.acquire(holder: "one", in: fixture.database) == 1)
      #expect(try await lease.acquire(holder: "two", in: fixture.database) == nil)
      #expect(try await lease.renew(fence: 1, in: fixture.database) == true)
      try await lease.release(fence: 1, in: fixture.database)
      #expect(try await lease.acquire(holder: "two", in: fixture.database) == 2)
      #expect(try await lease.renew(fence: 1, in: fixture.database) == false)
    }
  }

  @Test("of copies that ask at once one gets it")
  func race() async throws {
    try await LogFixture.with { fixture in
      let fences = try await withThrowingTaskGroup(of: Int64?.self) { group in
        for copy in 0..<10 {
          group.addTask { try await lease.acquire(holder: "\(copy)", in: fixture.database) }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(fences.compactMap(\.self) == [1])
    }
  }

  @Test("a transaction under an old number takes no effect")
  func fencing() async throws {
    try await LogFixture.with { fixture in
      let old = try #require(try await lease.acquire(holder: "one", in: fixture.database))
      try await fixture.expireLeases()
      let new = try #require(try await lease.acquire(holder: "two", in: fixture.database))
      await #expect(throws: LeaseLost.self) {
        try await fixture.database.transaction(as: .worker) { try await lease.check(old, in: $0) }
      }
      try await fixture.database.transaction(as: .worker) { try await lease.check(new, in: $0) }
    }
  }

  @Test("a transaction that lasts does not hold up its lease's renewal, and nobody takes the lease before it ends")
  func lastingTransaction() async throws {
    try await LogFixture.with { fixture in
      let database = fixture.database
      let fence = try #require(try await lease.acquire(holder: "one", in: database))
      try await database.transaction(as: .worker) { transaction in
        try await lease.check(fence, in: transaction)
        #expect(try await lease.renew(fence: fence, in: database) == true)
        try await fixture.expireLeases()
        await #expect(throws: DatabaseError.self, "it waits until its patience ends") {
          try await lease.acquire(holder: "two", in: database)
        }
        try await lease.check(fence, in: transaction)
      }
      #expect(try await lease.acquire(holder: "two", in: database) == fence + 1)
    }
  }

  @Test("a keeper's work is cancelled when the lease is lost, and begins again under a new number")
  func keeper() async throws {
    try await LogFixture.with { fixture in
      let keeper = LeaseKeeper(
        lease: lease, holder: "one", database: fixture.database, time: fixture.time, logger: .quiet)
      let (began, beginning) = AsyncStream.makeStream(of: Int64.self)
      let (ended, ending) = AsyncStream.makeStream(of: Int64.self)
      let running = Task {
        try await keeper.run { fence in
          beginning.yield(fence)
          defer { ending.yield(fence) }
          try await fixture.time.sleep(for: .seconds(3_600))
        }
      }
      var begins = began.makeAsyncIterator()
      var ends = ended.makeAsyncIterator()
      #expect(await begins.next() == 1)
      try await fixture.expireLeases()
      #expect(try await lease.acquire(holder: "two", in: fixture.database) == 2)
      await fixture.time.untilSleeping(2)
      fixture.time.advance(by: .seconds(2))
      #expect(await ends.next() == 1)
      try await lease.release(fence: 2, in: fixture.database)
      await fixture.time.untilSleeping(1)
      fixture.time.advance(by: .seconds(2))
      #expect(await begins.next() == 3)
      running.cancel()
      await #expect(throws: CancellationError.self) { try await running.value }
      #expect(try await lease.acquire(holder: "two", in: fixture.database) == 4, "it was let go")
    }
  }
}
