import Database
import DatabaseTesting
import Testing

@Suite("Transactions", .timeLimit(.minutes(2)))
struct TransactionTests {
  struct Refusal: Error {}

  @Test("commit what the body did")
  func commits() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let sum = try await test.database.transaction(as: .worker) { transaction in
        try await transaction.execute(Sample.insertCounter, [1, 1])
        let rows = try await transaction.execute(pipelined: [
          (Sample.insertCounter, [2, 2]), (Sample.addToCounter, [1, 10]), (Sample.counter, [2]),
        ])
        #expect(rows[0].isEmpty)
        return try rows[1][0].int(0) + rows[2][0].int(0)
      }
      #expect(sum == 13)
      #expect(try await test.database.read(Sample.counter, [1], as: .worker)[0].int(0) == 11)
    }
  }

  @Test("use again the connections that others have used, until those were idle for long")
  func connectionsStay() async throws {
    let backend = Statement(name: "backend", sql: "select pg_backend_pid()::bigint")
    func backends(_ database: Database) async throws -> Set<Int64> {
      try await withThrowingTaskGroup(of: Int64.self) { group in
        let gate = Gate(5)
        for _ in 0..<5 {
          group.addTask {
            try await database.transaction(as: .worker) { transaction in
              let number = try await transaction.execute(backend)[0].int(0)
              await gate.pass()
              return number
            }
          }
        }
        return try await group.reduce(into: []) { $0.insert($1) }
      }
    }
    for life in [Duration.seconds(600), .milliseconds(1)] {
      try await TestDatabase.with(
        service: Sample.service, migrations: Sample.migrations, configure: { $0.leases.idleLife = life }
      ) { test in
        let first = try await backends(test.database)
        #expect(first.count == 5)
        if life > .seconds(1) {
          #expect(try await backends(test.database) == first)
        } else {
          let open = Statement(
            name: "open", sql: "select count(*) from pg_stat_activity where pid = any ($1::bigint[]::integer[])")
          let numbers: [SQLValue] = [.intArray(first.map(Optional.some))]
          while try await test.database.read(open, numbers, as: .none)[0].int(0) > 2 { await Task.yield() }
        }
      }
    }
  }

  /// Lets its passers through when so many are there.
  private actor Gate {
    private let count: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { self.count = count }

    func pass() async {
      if waiting.count + 1 == count {
        for waiter in waiting { waiter.resume() }
        return
      }
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  @Test("undo everything when the body throws")
  func rollsBack() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      await #expect(throws: Refusal.self) {
        try await test.database.transaction(as: .worker) { transaction in
          try await transaction.execute(Sample.insertCounter, [1, 1])
          throw Refusal()
        }
      }
      let rows = try await test.database.read(Sample.counter, [1], as: .worker)
      #expect(rows.isEmpty)
    }
  }

  @Test("fail when the body hides a failed statement")
  func hiddenFailure() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let error = await expectFailure(.invalidValue) {
        try await test.database.transaction(as: .worker) { transaction in
          _ = try? await transaction.execute(Sample.fail, [1])
        }
      }
      #expect(error?.sqlState == "22012")
    }
  }

  @Test("go on after a savepoint was undone")
  func savepoints() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      try await test.database.transaction(as: .worker) { transaction in
        try await transaction.execute(Sample.insertCounter, [1, 1])
        await #expect(throws: DatabaseError.self) {
          try await transaction.savepoint {
            try await transaction.execute(Sample.insertCounter, [2, 2])
            try await transaction.execute(Sample.insertCounter, [1, 3])
          }
        }
        try await transaction.savepoint { _ = try await transaction.execute(Sample.insertCounter, [3, 3]) }
      }
      let ids = Statement(name: "ids", sql: "select array_agg(id order by id) from counters")
      #expect(try await test.database.read(ids, as: .worker)[0].intArray(0) == [1, 3])
    }
  }

  @Test("change their role midway, and leave none behind")
  func roles() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) {
      $0.leases.maximumConnections = 1
    } _: { test in
      let names = test.configuration.roles
      try await test.schemaConnection().ensureEntityRole(5)
      try await test.database.transaction(as: .worker) { transaction in
        #expect(try await transaction.execute(Sample.whoAmI)[0].text(0) == names.worker)
        try await transaction.become(.entity(5))
        #expect(try await transaction.execute(Sample.whoAmI)[0].text(0) == names.entity(5))
        try await transaction.become(.none)
        #expect(try await transaction.execute(Sample.whoAmI)[0].text(0) == names.login)
        try await transaction.become(.worker)
      }
      try await test.database.transaction(as: .none) { transaction in
        let user = try await transaction.execute(Sample.whoAmI)
        #expect(try user[0].text(0) == names.login)
      }
    }
  }

  @Test("run again when two of them lock each other out")
  func deadlock() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      for id in Int64(1)...2 {
        try await test.database.write(Sample.insertCounter, [.int(id), .int(-id)], as: .worker)
      }
      let runs = Counter()
      let meeting = Meeting(of: 2)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (first, second) in [(Int64(1), Int64(2)), (2, 1)] {
          group.addTask {
            try await test.database.transaction(as: .worker) { transaction in
              let run = await runs.next()
              try await transaction.execute(Sample.addToCounter, [.int(first), 1])
              // The first runs of both meet with one lock each; a further run just goes on.
              if run <= 2 { await meeting.arrive() }
              try await transaction.execute(Sample.addToCounter, [.int(second), 1])
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(await runs.next() == 4)
      #expect(try await test.database.read(Sample.counter, [1], as: .worker)[0].int(0) == 1)
      #expect(try await test.database.read(Sample.counter, [2], as: .worker)[0].int(0) == 0)
    }
  }

  @Test("run again when PostgreSQL cannot order them")
  func serialization() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      try await test.database.write(Sample.insertCounter, [1, 0], as: .worker)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            try await test.database.transaction(as: .worker, isolation: .serializable) { transaction in
              let value = try await transaction.execute(Sample.counter, [1])[0].int(0)
              let set = Statement(name: "set", sql: "update counters set value = $1 where id = 1")
              try await transaction.execute(set, [.int(value + 1)])
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await test.database.read(Sample.counter, [1], as: .worker)[0].int(0) == 4)
    }
  }

  @Test("end at the server when their task is cancelled")
  func cancellation() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) {
      $0.leases.maximumConnections = 1
    } _: { test in
      let task = Task {
        try await test.database.transaction(as: .worker) { try await $0.execute(Sample.sleep, [.double(600)]) }
      }
      while try await test.sleepers() == 0 { await Task.yield() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      while try await test.sleepers() > 0 { await Task.yield() }
      // The only lease is free again, on a sound connection.
      let sum = try await test.database.transaction(as: .worker) { try await $0.execute(Sample.echo, [4])[0].int(0) }
      #expect(sum == 4)
    }
  }

  @Test("end when they take too long")
  func timeout() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      await expectFailure(.timeout) {
        _ = try await test.database.transaction(as: .worker, timeout: .milliseconds(50)) {
          try await $0.execute(Sample.sleep, [.double(600)])
        }
      }
      while try await test.sleepers() > 0 { await Task.yield() }
    }
  }

  @Test("are refused when no connection comes free in time")
  func overload() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) {
      $0.leases.maximumConnections = 1
      $0.leases.waitTimeout = .milliseconds(20)
    } _: { test in
      try await test.database.transaction(as: .worker) { transaction in
        try await transaction.execute(Sample.echo, [1])
        await expectFailure(.overloaded) {
          _ = try await test.database.transaction(as: .worker) { try await $0.execute(Sample.echo, [1]) }
        }
      }
    }
  }

  @Test("are dead after their closure")
  func afterEnd() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let escaped = try await test.database.transaction(as: .worker) { transaction in
        try await transaction.execute(Sample.echo, [1])
        return transaction
      }
      await expectFailure(.misuse) { _ = try await escaped.execute(Sample.echo, [1]) }
    }
  }

  @Test("report a constraint that fails at the commit")
  func deferredConstraint() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      try await test.database.write(Sample.insertCounter, [1, 1], as: .worker)
      await expectFailure(.uniqueViolation) {
        _ = try await test.database.transaction(as: .worker) { try await $0.execute(Sample.insertCounter, [2, 1]) }
      }
    }
  }

  @Test("stream a result in batches")
  func stream() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let numbers = Statement(name: "numbers", sql: "select g from generate_series(1, $1::bigint) g")
      try await test.database.transaction(as: .worker, readOnly: true) { transaction in
        for count in [Int64(0), 1, 99, 100, 101, 250] {
          var sizes: [Int] = []
          var sum: Int64 = 0
          for try await batch in transaction.stream(numbers, [.int(count)], batch: 100) {
            sizes.append(batch.count)
            for row in batch { sum += try row.int(0) }
          }
          #expect(sizes.reduce(0, +) == Int(count))
          #expect(sizes.allSatisfy { 1...100 ~= $0 })
          #expect(sum == count * (count + 1) / 2)
        }
      }
    }
  }
}

extension TestDatabase {
  /// Sessions of this clone within pg_sleep.
  func sleepers() async throws -> Int64 {
    let sleeping = Statement(
      name: "sleeping",
      sql: """
        select count(*) from pg_stat_activity
        where datname = current_database() and state = 'active' and wait_event = 'PgSleep'
        """)
    return try await database.read(sleeping, as: .none)[0].int(0)
  }
}

/// Lets everybody go on when all have come.
actor Meeting {
  private let size: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(of size: Int) { self.size = size }

  func arrive() async {
    if waiting.count == size - 1 {
      for continuation in waiting { continuation.resume() }
      waiting = []
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }
}

/// Counts from 1.
actor Counter {
  private var last = 0

  func next() -> Int {
    last += 1
    return last
  }
}
