import Database
import DatabaseTesting
import Testing

@Suite("Shared lanes", .timeLimit(.minutes(2)))
struct SharedLaneTests {
  @Test("pair every answer with its caller, failures between them")
  func pairing() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let outcomes = try await withThrowingTaskGroup(of: (Int64, Int64?).self) { group in
        for number in Int64(0)..<600 {
          group.addTask {
            do {
              let statement = number % 3 == 0 ? Sample.fail : Sample.echo
              return (number, try await test.database.read(statement, [.int(number)], as: .none)[0].int(0))
            } catch let error as DatabaseError {
              #expect(error.sqlState == "22012")
              #expect(error.statement == "fail")
              return (number, nil)
            }
          }
        }
        return try await group.reduce(into: [:]) { $0.updateValue($1.1, forKey: $1.0) }
      }
      #expect(outcomes.count == 600)
      for (number, answer) in outcomes { #expect(answer == (number % 3 == 0 ? nil : number)) }
    }
  }

  @Test("run statements that are given together in one transaction: all of them, or none")
  func together() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let rows = try await test.database.write(
        pipelined: [(Sample.insertCounter, [1, 1]), (Sample.addToCounter, [1, 10]), (Sample.counter, [1])], as: .worker)
      #expect(try rows.map { try $0.map { try $0.int(0) } } == [[], [11], [11]])
      await expectFailure(.uniqueViolation) {
        try await test.database.write(
          pipelined: [(Sample.insertCounter, [2, 2]), (Sample.insertCounter, [1, 3])], as: .worker)
      }
      #expect(try await test.database.read(Sample.counter, [2], as: .worker).isEmpty)
    }
  }

  @Test("end a role at its Sync, even after an error")
  func roleEnds() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let roles = test.configuration.roles
      for statement in [Sample.whoAmI, Sample.fail, Sample.whoAmI] {
        let rows = try? await test.database.read(statement, statement == Sample.fail ? [1] : [], as: .worker)
        #expect(try rows?[0].text(0) ?? roles.worker == roles.worker)
        let user = try await test.database.read(Sample.whoAmI, as: .none)
        #expect(try user[0].text(0) == roles.login)
      }
    }
  }

  @Test("show nothing to a login without a role")
  func noRole() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      await expectFailure(.permissionDenied) { _ = try await test.database.read(Sample.jobs, as: .none) }
    }
  }

  @Test("show an entity its own rows, the worker all")
  func rowLevelSecurity() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let schema = test.schemaConnection()
      try await schema.ensureEntityRole(1)
      try await schema.ensureEntityRole(2)
      for number in Int64(1)...6 {
        try await test.database.write(
          Sample.insertJob, [.int(number), .int(number % 2 + 1), "new"], as: .entity(number % 2 + 1))
      }
      let first = try await test.database.read(Sample.jobs, as: .entity(1))
      #expect(try first.map { try $0.int("id") } == [2, 4, 6])
      let all = try await test.database.read(Sample.jobs, as: .worker)
      #expect(all.count == 6)
      await expectFailure(.permissionDenied) {
        _ = try await test.database.write(Sample.insertJob, [7, 1, "new"], as: .entity(2))
      }
    }
  }

  @Test("refuse the role of an entity that does not exist")
  func unknownEntity() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      await expectFailure(.permissionDenied) { _ = try await test.database.read(Sample.jobs, as: .entity(987_654)) }
    }
  }

  @Test("refuse writes on the lane for reads")
  func readOnly() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      await expectFailure(.readOnly) { _ = try await test.database.read(Sample.insertCounter, [1, 1], as: .worker) }
    }
  }

  @Test("report a constraint that fails at the commit, and only to its caller")
  func deferredConstraint() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      try await test.database.write(Sample.insertCounter, [1, 100], as: .worker)
      let kinds = await withTaskGroup(of: DatabaseError.Kind?.self) { group in
        for number in Int64(2)...40 {
          group.addTask {
            let value = number % 2 == 0 ? 100 : number
            do {
              try await test.database.write(Sample.insertCounter, [.int(number), .int(value)], as: .worker)
              return nil
            } catch {
              #expect((error as? DatabaseError)?.constraint == "counters_value")
              return (error as? DatabaseError)?.kind
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(kinds.filter { $0 == .uniqueViolation }.count == 20)
      #expect(kinds.filter { $0 == nil }.count == 19)
    }
  }

  @Test("name constraint and statement of a refused row, never its values")
  func constraintError() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      try await test.database.write(Sample.insertJob, [77_777, 1, "secret"], as: .worker)
      do {
        try await test.database.write(Sample.insertJob, [77_777, 1, "secret"], as: .worker)
        Issue.record("A duplicate was taken.")
      } catch let error as DatabaseError {
        #expect(error.kind == .uniqueViolation)
        #expect(error.constraint == "jobs_pkey")
        #expect(error.table == "jobs")
        #expect(error.statement == "jobs.insert")
        #expect(!error.isSafeToRetry)
        #expect(!error.description.contains("secret") && !error.description.contains("77777"))
      }
    }
  }

  @Test("let a cancelled caller go at once, and the statement take effect")
  func cancelledCaller() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) {
      $0.lanes.lockTimeout = .seconds(60)
      $0.lanes.statementTimeout = .seconds(60)
    } _: { test in
      try await test.database.write(Sample.insertCounter, [1, 0], as: .worker)
      try await test.database.transaction(as: .worker) { transaction in
        try await transaction.execute(Sample.addToCounter, [1, 1])
        // Waits for this transaction's lock.
        let writer = Task { try await test.database.write(Sample.addToCounter, [1, 10], as: .worker) }
        while try await test.waitingBackends() == 0 { await Task.yield() }
        writer.cancel()
        await #expect(throws: CancellationError.self) { try await writer.value }
      }
      var value: Int64 = 0
      while value != 11 { value = try await test.database.read(Sample.counter, [1], as: .worker)[0].int(0) }
    }
  }

  @Test(
    "refuse COPY, which would hang in a pipeline",
    arguments: ["copy jobs to stdout", "-- why\n/* x */ COPY jobs from stdin"])
  func copy(sql: String) async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      await expectFailure(.misuse) { _ = try await test.database.write(Statement(name: "copy", sql: sql), as: .worker) }
      let echo = try await test.database.read(Sample.echo, [1], as: .none)
      #expect(try echo[0].int(0) == 1)
    }
  }

  @Test("drop the statements that were not used for longest, and prepare them again")
  func eviction() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) {
      $0.preparedStatements = 3
    } _: { test in
      for round in 0..<3 {
        for number in 0..<7 {
          let statement = Statement(name: "s\(number)", sql: "select $1::bigint + \(number)")
          let rows = try await test.database.read(statement, [.int(Int64(round))], as: .none)
          #expect(try rows[0].int(0) == Int64(number + round))
        }
      }
      let prepared = Statement(
        name: "prepared", sql: "select count(*) from pg_prepared_statements where name like 's%'")
      // Three, and the one that had to go for this very statement: it goes with the next.
      #expect(try await test.database.read(prepared, as: .none)[0].int(0) == 4)
    }
  }

  @Test("prepare anew what a change of the schema made stale")
  func staleStatement() async throws {
    try await TestDatabase.with(service: Sample.service, migrations: Sample.migrations) { test in
      let all = Statement(name: "all", sql: "select * from counters")
      try await test.database.write(Sample.insertCounter, [1, 5], as: .worker)
      #expect(try await test.database.read(all, as: .worker)[0].count == 2)
      try await test.schemaConnection().run([
        Statement(name: "alter", sql: "alter table counters add column note text")
      ])
      #expect(try await test.database.read(all, as: .worker)[0].count == 3)
    }
  }

  @Test("where tables are not to be read through, no connection plans it", arguments: [true, false])
  func scansTables(scans: Bool) async throws {
    let setting = Statement(name: "test.scans", sql: "SELECT current_setting('enable_seqscan')")
    try await TestDatabase.with(service: "notes") {
      $0.scansTables = scans
    } _: { test in
      let read = try await test.database.read(setting, as: .worker)
      let written = try await test.database.write(setting, as: .worker)
      let leased = try await test.database.transaction(as: .worker) { try await $0.execute(setting) }
      for rows in [read, written, leased] { #expect(try rows.first?.text(0) == (scans ? "on" : "off")) }
    }
  }
}

extension TestDatabase {
  /// Sessions of this clone that wait for a lock.
  func waitingBackends() async throws -> Int64 {
    let waiting = Statement(
      name: "waiting",
      sql: """
        select count(*) from pg_stat_activity
        where datname = current_database() and state = 'active' and wait_event_type = 'Lock'
        """)
    return try await database.read(waiting, as: .none)[0].int(0)
  }
}
