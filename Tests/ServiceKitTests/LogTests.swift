import Database
import DatabaseTesting
import Messages
import ServiceKitTesting
import Testing
import Values

@testable import ServiceKit

@Suite("The log")
struct LogTests {
  @Test("SQL and Swift agree on every profile's partition")
  func partitions() async throws {
    var profiles: [UInt32] = [0, 1, 2, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]
    let randomness = RepeatableRandomness()
    profiles += (0..<500).map { _ in UInt32(truncatingIfNeeded: randomness.next()) }
    try await LogFixture.with { fixture in
      let rows = try await fixture.database.read(
        Statement(
          name: "test.partitions",
          sql: "SELECT profiles.log_partition(p) FROM unnest($1::bigint[]) WITH ORDINALITY AS u(p, n) ORDER BY n"),
        [.intArray(profiles.map(Int64.init))], as: .worker)
      #expect(try rows.map { Int(try $0.int(0)) } == profiles.map(Log.partition(ofProfile:)))
    }
    #expect(Log.partition(ofProfile: 1) == 39)
  }

  @Test("events are numbered without gaps in each partition, in the order of each transaction")
  func numbering() async throws {
    try await LogFixture.with { fixture in
      let fence = try #require(try await fixture.fence())
      try await fixture.append("a", "b", "c")
      try await fixture.append("x", "y", profile: 42)
      try await fixture.moveAll(fence: fence)
      try await fixture.append("d")
      try await fixture.moveAll(fence: fence)
      let events = try await fixture.readAll()
      let none = events.filter { $0.profile == 0 }
      #expect(try none.map { try $0.sampleName } == ["a", "b", "c", "d"])
      #expect(none.map(\.position) == [1, 2, 3, 4])
      let some = events.filter { $0.profile == 42 }
      #expect(try some.map { try $0.sampleName } == ["x", "y"])
      #expect(some.allSatisfy { Int($0.partition) == Log.partition(ofProfile: 42) && $0.profileTable == 1 })
      #expect(some.map(\.position) == [1, 2])
      #expect(some.allSatisfy { $0.type == "rapport.internal.v1.Entity" && $0.time != nil })
    }
  }

  @Test("one writer is held open while another commits: a reader misses neither")
  func heldOpen() async throws {
    try await LogFixture.with { fixture in
      let fence = try #require(try await fixture.fence())
      let (appended, release) = (Gate(), Gate())
      async let slow: Void = fixture.database.transaction(as: .worker) { transaction in
        try await Log.append([try .sample("slow")], in: transaction)
        appended.open()
        await release.wait()
      }
      await appended.wait()
      try await fixture.append("fast")
      try await fixture.moveAll(fence: fence)
      var reader = LogReader(epoch: 0, cursors: [:], types: [])
      guard case .batch(let first, _) = try await reader.next(in: fixture.database) else {
        Issue.record("nothing was read")
        return
      }
      #expect(try first.map { try $0.sampleName } == ["fast"])
      release.open()
      try await slow
      try await fixture.moveAll(fence: fence)
      guard case .batch(let second, _) = try await reader.next(in: fixture.database) else {
        Issue.record("the late event was missed")
        return
      }
      #expect(try second.map { try $0.sampleName } == ["slow"])
    }
  }

  @Test("what is rolled back never was")
  func rolledBack() async throws {
    struct Undo: Error {}
    try await LogFixture.with { fixture in
      let fence = try #require(try await fixture.fence())
      await #expect(throws: Undo.self) {
        try await fixture.database.transaction(as: .worker) { transaction in
          try await Log.append([try .sample("undone")], in: transaction)
          throw Undo()
        }
      }
      try await fixture.append("done")
      try await fixture.moveAll(fence: fence)
      let events = try await fixture.readAll()
      #expect(try events.map { try $0.sampleName } == ["done"])
      #expect(events.map(\.position) == [1])
    }
  }

  @Test("of two sequencers the one that lost its lease moves nothing")
  func twoSequencers() async throws {
    try await LogFixture.with { fixture in
      let first = try #require(try await fixture.fence(holder: "one"))
      #expect(try await fixture.fence(holder: "two") == nil)
      try await fixture.expireLeases()
      let second = try #require(try await fixture.fence(holder: "two"))
      #expect(second > first)
      try await fixture.append("a", "b")
      #expect(try await fixture.sequencer.move(fence: first) == 0)
      #expect(try await fixture.sequencer.move(fence: second) == 2)
      #expect(try await fixture.readAll().map(\.position) == [1, 2])
    }
  }

  @Test("many writers, and sequencers that take the lease from each other: nothing is lost, doubled or out of order")
  func storm() async throws {
    try await LogFixture.with { fixture in
      let (writers, rounds) = (8, 25)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 1...writers {
          group.addTask {
            for round in 0..<rounds { try await fixture.append("\(round)", profile: UInt32(writer % 3 + 1)) }
          }
        }
        for copy in 0..<2 {
          group.addTask {
            for _ in 0..<20 {
              if let fence = try await fixture.fence(holder: "\(copy)") {
                _ = try await fixture.sequencer.move(fence: fence)
                // The process stops here, before it learns what was moved.
                try await fixture.expireLeases()
              }
            }
          }
        }
        try await group.waitForAll()
      }
      try await fixture.expireLeases()
      try await fixture.moveAll(fence: try #require(try await fixture.fence(holder: "last")))
      let events = try await fixture.readAll()
      #expect(events.count == writers * rounds)
      for (partition, events) in Dictionary(grouping: events, by: \.partition) {
        #expect(events.map(\.position) == Array(1...Int64(events.count)), "partition \(partition)")
      }
    }
  }

  @Test("a profile's events come in the order in which its row's changes were committed")
  func orderOfOneProfile() async throws {
    try await LogFixture.with { fixture in
      let fence = try #require(try await fixture.fence())
      let change = Statement(
        name: "test.change",
        sql: """
          INSERT INTO counted AS c (name, count) VALUES ('row', 1)
          ON CONFLICT (name) DO UPDATE SET count = c.count + 1 RETURNING count
          """)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<30 {
          group.addTask {
            try await fixture.database.transaction(as: .worker) { transaction in
              let count = try await transaction.execute(change)[0].int(0)
              try await Log.append([try .sample("\(count)", profile: 9)], in: transaction)
            }
          }
        }
        group.addTask { for _ in 0..<10 { _ = try await fixture.sequencer.move(fence: fence) } }
        try await group.waitForAll()
      }
      try await fixture.moveAll(fence: fence)
      #expect(try await fixture.readAll().map { try $0.sampleName } == (1...30).map { "\($0)" })
    }
  }

  @Test("an entity writes events of its own, and reads none")
  func rowSecurity() async throws {
    try await LogFixture.with { fixture in
      let schema = fixture.test.schemaConnection()
      try await schema.ensureEntityRole(7)
      try await fixture.database.transaction(as: .entity(7)) { transaction in
        try await Log.append([try .sample("own", entity: 7)], in: transaction)
      }
      let error = await #expect(throws: DatabaseError.self) {
        try await fixture.database.transaction(as: .entity(7)) { transaction in
          try await Log.append([try .sample("other", entity: 8)], in: transaction)
        }
      }
      #expect(error?.kind == .permissionDenied)
      for table in ["log_outbox", "log_events", "log_partitions", "leases"] {
        let look = Statement(name: "test.look", sql: "SELECT count(*) FROM \(table)")
        let error = await #expect(throws: DatabaseError.self) {
          try await fixture.database.read(look, [], as: .entity(7))
        }
        #expect(error?.kind == .permissionDenied)
      }
    }
  }

  @Test("a body above the limit is refused")
  func bodyLimit() async throws {
    try await LogFixture.with { fixture in
      let entry = { (size: Int) in
        LogEntry(
          partition: 0, type: "t", body: [UInt8](repeating: 1, count: size), entity: 0, profileTable: 0, profile: 0)
      }
      try await fixture.database.transaction(as: .worker) { try await Log.append([entry(Log.largestBody)], in: $0) }
      let error = await #expect(throws: DatabaseError.self) {
        try await fixture.database.transaction(as: .worker) {
          try await Log.append([entry(Log.largestBody + 1)], in: $0)
        }
      }
      #expect(error?.constraint == "log_outbox_body")
    }
  }
}

@Suite("Reading the log")
struct LogReaderTests {
  @Test("a reader of one type passes over the others, and its cursors with it")
  func types() async throws {
    try await LogFixture.with { fixture in
      let fence = try #require(try await fixture.fence())
      try await fixture.append("a", "b")
      try await fixture.database.transaction(as: .worker) { transaction in
        try await Log.append([try LogEntry(InternalV1.Grant(), entity: 0)], in: transaction)
      }
      try await fixture.append("c")
      try await fixture.moveAll(fence: fence)
      var reader = LogReader(epoch: 0, cursors: [:], types: ["rapport.internal.v1.Grant"])
      guard case .batch(let events, let cursors) = try await reader.next(in: fixture.database) else {
        Issue.record("nothing was read")
        return
      }
      #expect(events.map(\.position) == [3])
      #expect(cursors == [0: 4])
      guard case .nothing = try await reader.next(in: fixture.database) else {
        Issue.record("there is nothing more")
        return
      }
    }
  }

  @Test("a long backlog comes in batches that leave nothing out and starve no partition")
  func backlog() async throws {
    try await LogFixture.with { fixture in
      let fence = try #require(try await fixture.fence())
      for profile in 1...20 as ClosedRange<UInt32> {
        try await fixture.database.transaction(as: .worker) { transaction in
          try await Log.append(
            try (0..<150).map { try .sample("\($0)", profile: profile) }, in: transaction)
        }
      }
      try await fixture.moveAll(fence: fence)
      var reader = LogReader(epoch: 0, cursors: [:], types: [])
      var last: [UInt32: Int64] = [:]
      var count = 0
      while case .batch(let events, let cursors) = try await reader.next(in: fixture.database) {
        #expect(events.count <= 1_064)
        for event in events {
          #expect(event.position == last[event.partition, default: 0] + 1)
          last[event.partition] = event.position
        }
        for (partition, position) in cursors { #expect(last[UInt32(partition)] == position) }
        count += events.count
      }
      #expect(count == 3_000)
    }
  }

  @Test("a raised epoch makes readers rebuild, and a second restore of the same backup too")
  func epoch() async throws {
    try await LogFixture.with { fixture in
      let (before, cursors) = try await LogReader.heads(in: fixture.database)
      let reader = LogReader(epoch: before, cursors: cursors, types: [])
      #expect(try await reader.verdict(in: fixture.database) == .unspecified)
      try await Log.raiseEpoch(in: fixture.database)
      #expect(try await reader.verdict(in: fixture.database) == .epoch)
      let (first, _) = try await LogReader.heads(in: fixture.database)
      let set = Statement(name: "test.restore", sql: "UPDATE log_state SET epoch = $1")
      try await fixture.database.write(set, [.int(before)], as: .worker)
      try await Log.raiseEpoch(in: fixture.database)
      let (second, _) = try await LogReader.heads(in: fixture.database)
      #expect(second > first)
    }
  }

  @Test("a cursor past the log's end, of a restore that raised no epoch, makes a reader rebuild")
  func pastTheEnd() async throws {
    try await LogFixture.with { fixture in
      var reader = LogReader(epoch: 1, cursors: [3: 10], types: [])
      #expect(try await reader.verdict(in: fixture.database) == .epoch)
      guard case .rebuild(.epoch) = try await reader.next(in: fixture.database) else {
        Issue.record("it must rebuild")
        return
      }
    }
  }

  @Test("events are kept for 14 days, and a reader that is further behind rebuilds")
  func retention() async throws {
    try await LogFixture.with { fixture in
      let fence = try #require(try await fixture.fence())
      try await fixture.append("a", "b")
      try await fixture.moveAll(fence: fence)
      fixture.time.advance(by: .seconds(14 * 86_400 - 3_600))
      try await fixture.sequencer.sweep()
      #expect(try await fixture.readAll().count == 2)
      fixture.time.advance(by: .seconds(7_200))
      try await fixture.sequencer.sweep()
      #expect(
        try await LogReader(epoch: 1, cursors: [0: 1], types: []).verdict(in: fixture.database) == .tooFarBehind)
      #expect(
        try await LogReader(epoch: 1, cursors: [0: 2], types: []).verdict(in: fixture.database) == .unspecified)
      try await fixture.append("c")
      try await fixture.moveAll(fence: fence)
      var caughtUp = LogReader(epoch: 1, cursors: [0: 2], types: [])
      guard case .batch(let events, _) = try await caughtUp.next(in: fixture.database) else {
        Issue.record("nothing was read")
        return
      }
      #expect(events.map(\.position) == [3])
    }
  }
}
