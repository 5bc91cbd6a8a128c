import Database
import DatabaseTesting
import Logging
import Messages
import NIOCore
import RPC
import ServiceKitTesting
import Synchronization
import Testing

@testable import ServiceKit

@Suite("Following another service's log by a real call")
struct FollowerTests {
  /// Counts each event's name in the follower's own table, in the transaction of the cursors.
  private final class Counting: LogEffect {
    struct Crash: Error {}

    let types: [String]
    let database: Database
    /// How many batches to take before each crash, in turn.
    private let crashes: Mutex<[Int]>
    private let seen: AsyncStream<String>.Continuation
    private let rebuilds = Mutex(0)
    let names: AsyncStream<String>

    init(_ database: Database, types: [String] = [], crashes: [Int] = []) {
      self.database = database
      self.types = types
      self.crashes = Mutex(crashes)
      (names, seen) = AsyncStream.makeStream(of: String.self)
    }

    var rebuildCount: Int { rebuilds.withLock { $0 } }

    func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws {
      for event in events {
        _ = try await transaction.execute(Self.count, [.text(try event.sampleName)])
      }
      let crashesNow = crashes.withLock { crashes in
        guard let next = crashes.first else { return false }
        crashes[0] = next - 1
        if next > 0 { return false }
        crashes.removeFirst()
        return true
      }
      // The effect is made, its transaction not committed.
      if crashesNow { throw Crash() }
      for event in events { seen.yield(try event.sampleName) }
    }

    func rebuild() async throws {
      rebuilds.withLock { $0 += 1 }
      _ = try await database.write(Statement(name: "test.clear", sql: "UPDATE counted SET count = 0"), [], as: .worker)
      seen.yield("rebuilt")
    }

    /// Waits for an event.
    func until(_ name: String) async {
      for await seen in names where seen == name { return }
    }

    static let count = Statement(
      name: "test.count",
      sql: """
        INSERT INTO counted AS c (name, count) VALUES ($1, 1)
        ON CONFLICT (name) DO UPDATE SET count = c.count + 1
        """)
  }

  /// A service with a log and a server, and one that follows it.
  private struct Pair {
    var source: LogFixture
    var target: LogFixture
    var client: RPCClient
    var fence: Int64

    func follower(_ effect: Counting) -> Follower {
      Follower(
        name: "profiles/test", client: client, metadata: { Metadata() }, database: target.database, effect: effect,
        time: SystemTime(), logger: .quiet)
    }

    /// Runs a follower under its lease while `body` runs, again after each failure.
    func following(_ effect: Counting, _ body: () async throws -> Void) async throws {
      let follower = follower(effect)
      let lease = try #require(try await follower.lease.acquire(holder: "test", in: target.database))
      let task = Task {
        while !Task.isCancelled {
          do { try await follower.run(fence: lease) } catch is Counting.Crash {} catch { return }
        }
      }
      try await body()
      // What was seen may not be committed yet.
      let heads = try await LogReader.heads(in: source.database)
      while try await FollowerCursors.load(follower: follower.name, in: target.database).positions
        .contains(where: { heads.cursors[$0.key] != $0.value })
      {}
      task.cancel()
      await task.value
    }

    func counts() async throws -> [String: Int64] {
      let rows = try await target.database.read(
        Statement(name: "test.counts", sql: "SELECT name, count FROM counted WHERE count > 0"), [], as: .worker)
      return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.text(0), try $0.int(1)) })
    }
  }

  private func with(_ body: (Pair) async throws -> Void) async throws {
    try await LogFixture.with { source in
      try await LogFixture.with { target in
        let wakeUp = WakeUp()
        let listening = Task {
          await wakeUp.run(channel: Sequencer.channel(of: .profiles), database: source.database)
        }
        var router = Router()
        LogServer(database: source.database, wakeUp: wakeUp, time: SystemTime()).register(in: &router)
        let server = RPCServer(router: router, configuration: ServerConfiguration(), logger: .quiet)
        let port = try #require(try await server.start().port)
        let client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: port)], logger: .quiet)
        let fence = try #require(try await source.fence())
        try await body(Pair(source: source, target: target, client: client, fence: fence))
        await client.close()
        await server.drain(grace: .zero)
        listening.cancel()
      }
    }
  }

  @Test("events arrive once each, those of before and those that come")
  func follows() async throws {
    try await with { pair in
      let effect = Counting(pair.target.database)
      try await pair.source.append("a", "b")
      try await pair.source.moveAll(fence: pair.fence)
      try await pair.following(effect) {
        await effect.until("b")
        try await pair.source.append("c", profile: 5)
        try await pair.source.moveAll(fence: pair.fence)
        await effect.until("c")
      }
      // Another run, as after a restart, takes up where the first one ended.
      let second = Counting(pair.target.database)
      try await pair.following(second) {
        try await pair.source.append("d")
        try await pair.source.moveAll(fence: pair.fence)
        await second.until("d")
      }
      #expect(try await pair.counts() == ["a": 1, "b": 1, "c": 1, "d": 1])
    }
  }

  @Test("a crash between effect and commit, at any batch, loses and doubles nothing", arguments: 0..<4)
  func crashes(at batch: Int) async throws {
    try await with { pair in
      let effect = Counting(pair.target.database, crashes: [batch, 0, 1])
      try await pair.following(effect) {
        for number in 0..<8 {
          try await pair.source.append("\(number)", profile: UInt32(number + 1))
          try await pair.source.moveAll(fence: pair.fence)
          await effect.until("\(number)")
        }
      }
      #expect(try await pair.counts() == Dictionary(uniqueKeysWithValues: (0..<8).map { ("\($0)", 1) }))
    }
  }

  @Test("a copy whose lease is another's takes nothing")
  func fencing() async throws {
    try await with { pair in
      let effect = Counting(pair.target.database)
      let follower = pair.follower(effect)
      let old = try #require(try await follower.lease.acquire(holder: "one", in: pair.target.database))
      try await pair.target.expireLeases()
      _ = try #require(try await follower.lease.acquire(holder: "two", in: pair.target.database))
      try await pair.source.append("a")
      try await pair.source.moveAll(fence: pair.fence)
      await #expect(throws: LeaseLost.self) { try await follower.run(fence: old) }
      #expect(try await pair.counts().isEmpty)
    }
  }

  @Test("after a restore with a raised epoch a follower rebuilds, then follows from where the log was")
  func restore() async throws {
    try await with { pair in
      let first = Counting(pair.target.database)
      try await pair.source.append("before")
      try await pair.source.moveAll(fence: pair.fence)
      try await pair.following(first) { await first.until("before") }
      // What a restore of an older backup leaves: fewer events, and others under the same numbers.
      for sql in ["DELETE FROM log_events", "UPDATE log_partitions SET last = 0, dropped = 0"] {
        _ = try await pair.source.database.write(Statement(name: "test.restore", sql: sql), [], as: .worker)
      }
      try await Log.raiseEpoch(in: pair.source.database)
      try await pair.source.append("after")
      try await pair.source.moveAll(fence: pair.fence)
      let second = Counting(pair.target.database)
      try await pair.following(second) {
        await second.until("rebuilt")
        try await pair.source.append("later")
        try await pair.source.moveAll(fence: pair.fence)
        await second.until("later")
      }
      #expect(second.rebuildCount == 1)
      #expect(try await pair.counts() == ["later": 1])
    }
  }

  @Test("a follower that is too far behind rebuilds")
  func tooFarBehind() async throws {
    try await with { pair in
      try await pair.source.append("old")
      try await pair.source.moveAll(fence: pair.fence)
      pair.source.time.advance(by: Log.memory + .seconds(60))
      try await pair.source.sequencer.sweep()
      let effect = Counting(pair.target.database)
      try await pair.following(effect) { await effect.until("rebuilt") }
      #expect(try await pair.counts().isEmpty)
    }
  }
}
