import Database
import DatabaseTesting
import Testing

@Suite("A restart of PostgreSQL", .timeLimit(.minutes(3)))
struct RestartTests {
  /// What became of the writes of a test.
  actor Ledger {
    private(set) var done: Set<Int64> = []
    private(set) var undone: Set<Int64> = []
    private(set) var inDoubt: Set<Int64> = []
    private(set) var isOver = false
    private var lastID: Int64 = 0
    private var waiters: [(count: Int, CheckedContinuation<Void, Never>)] = []

    func nextID() -> Int64? {
      lastID += 1
      return isOver ? nil : lastID
    }

    func note(_ id: Int64, _ error: DatabaseError?) {
      switch error {
      case nil: done.insert(id)
      case let error? where error.isSafeToRetry: undone.insert(id)
      default: inDoubt.insert(id)
      }
      let ready = waiters.filter { $0.count <= done.count }
      waiters.removeAll { $0.count <= done.count }
      for waiter in ready { waiter.1.resume() }
    }

    /// Waits for so many more successful writes.
    func more(_ count: Int) async {
      let goal = done.count + count
      await withCheckedContinuation { waiters.append((goal, $0)) }
    }

    func end() { isOver = true }
  }

  @Test(
    "costs no read, and no write without its caller being told", arguments: [TestCluster.Shutdown.immediate, .fast])
  func midTraffic(_ shutdown: TestCluster.Shutdown) async throws {
    let cluster = try await TestCluster.start()
    let test = try await TestDatabase.create(service: Sample.service, migrations: Sample.migrations, on: cluster) {
      $0.lanes.queueTimeout = .seconds(60)
      $0.leases.waitTimeout = .seconds(60)
      $0.retry.attempts = 100
    }
    let ledger = Ledger()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<9 {
        group.addTask {
          while let id = await ledger.nextID() {
            do {
              switch worker % 3 {
              case 0: _ = try await test.database.read(Sample.counter, [.int(id)], as: .worker)
              case 1: try await test.database.write(Sample.insertCounter, [.int(id), .int(id)], as: .worker)
              default:
                try await test.database.transaction(as: .worker) { transaction in
                  try await transaction.execute(Sample.echo, [.int(id)])
                  try await transaction.execute(Sample.insertCounter, [.int(id), .int(id)])
                }
              }
              if worker % 3 > 0 { await ledger.note(id, nil) }
            } catch let error as DatabaseError where worker % 3 > 0 {
              await ledger.note(id, error)
            }
          }
        }
      }
      for _ in 0..<2 {
        await ledger.more(300)
        try await cluster.stop(shutdown)
        try await cluster.startAgain()
      }
      await ledger.more(300)
      await ledger.end()
      try await group.waitForAll()
    }
    let ids = Statement(name: "ids", sql: "select array_agg(id) from counters")
    let stored = Set(try await test.database.read(ids, as: .worker)[0].intArray(0).compactMap(\.self))
    let (done, undone, inDoubt) = await (ledger.done, ledger.undone, ledger.inDoubt)
    #expect(done.isSubset(of: stored))
    #expect(undone.isDisjoint(with: stored))
    #expect(stored.subtracting(done).isSubset(of: inDoubt))
    await test.database.shutdown()
  }

  @Test("is waited for at the start, as long as was said")
  func startup() async throws {
    let cluster = try await TestCluster.start()
    let test = try await TestDatabase.create(service: Sample.service, migrations: Sample.migrations, on: cluster)
    try await cluster.stop(.fast)
    await expectFailure(.unavailable) { _ = try await test.anotherClient { $0.startupWait = .milliseconds(50) } }
    async let waiting = test.anotherClient { $0.startupWait = .seconds(60) }
    try await cluster.startAgain()
    let client = try await waiting
    #expect(try await client.read(Sample.echo, [1], as: .none)[0].int(0) == 1)
    await client.shutdown()
    await test.database.shutdown()
  }

  @Test("refuses calls that wait for too long, as safe to retry")
  func queueTimeout() async throws {
    let cluster = try await TestCluster.start()
    let test = try await TestDatabase.create(service: Sample.service, migrations: Sample.migrations, on: cluster) {
      $0.lanes.queueTimeout = .milliseconds(30)
      $0.lanes.queuedCalls = 5
    }
    try await cluster.stop(.fast)
    let kinds = await withTaskGroup(of: DatabaseError.Kind?.self) { group in
      for number in Int64(0)..<20 {
        group.addTask {
          do {
            try await test.database.write(Sample.insertCounter, [.int(number), .int(number)], as: .worker)
            return nil
          } catch {
            let error = error as? DatabaseError
            // Those that were sent before anybody noticed are in doubt.
            #expect(error?.isSafeToRetry == (error?.kind != .connectionLost))
            return error?.kind
          }
        }
      }
      return await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(kinds.isSuperset(of: [.unavailable, .overloaded]))
    #expect(kinds.isSubset(of: [.unavailable, .overloaded, .connectionLost]))
    await test.database.shutdown()
  }

  @Test("does not end a subscription to a channel")
  func listening() async throws {
    let cluster = try await TestCluster.start()
    let test = try await TestDatabase.create(service: Sample.service, migrations: Sample.migrations, on: cluster) {
      $0.lanes.queueTimeout = .seconds(60)
    }
    let notify = Statement(name: "notify", sql: "select pg_notify('a \"channel\"', $1)")
    var events = test.database.listen(to: "a \"channel\"").makeAsyncIterator()
    #expect(await events.next() == .reconnected)
    try await test.database.write(notify, ["one"], as: .none)
    #expect(await events.next() == .notified(payload: "one"))
    try await cluster.stop(.immediate)
    try await cluster.startAgain()
    #expect(await events.next() == .reconnected)
    try await test.database.write(notify, ["two"], as: .none)
    #expect(await events.next() == .notified(payload: "two"))
    var others = test.database.listen(to: "other").makeAsyncIterator()
    #expect(await others.next() == .reconnected)
    await test.database.shutdown()
    #expect(await events.next() == nil)
    #expect(await others.next() == nil)
  }
}
