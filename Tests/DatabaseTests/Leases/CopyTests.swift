import Database
import DatabaseTesting
import Testing

@Suite("COPY", .timeLimit(.minutes(3)))
struct CopyTests {
  static let migrations = [
    Migration(
      number: 1, name: "lines",
      sql: """
        -- For COPY. Locks nothing that exists.
        create table lines (
          id bigint primary key,
          note text not null
        );
        create function wait_at_gate() returns trigger language plpgsql as $$
        begin
          perform pg_advisory_xact_lock_shared(1);
          return new;
        end $$;
        create trigger gate before insert on lines for each row when (new.note = 'gate') execute function wait_at_gate();
        grant select, insert, delete on lines to {worker};
        grant execute on function wait_at_gate() to {worker};
        """)
  ]

  static let copyIn = Statement(name: "lines.in", sql: "copy lines (id, note) from stdin with (format binary)")
  static let copyOut = Statement(name: "lines.out", sql: "copy lines (id, note) to stdout")
  static let count = Statement(name: "lines.count", sql: "select count(*), coalesce(sum(id), 0)::bigint from lines")
  static let fill = Statement(
    name: "lines.fill",
    sql: "insert into lines select g, repeat('x', $2::integer) from generate_series(1, $1::bigint) g")

  /// Writes `count` rows with notes of `length` in pieces of about 64 KiB.
  static func write(_ rows: ClosedRange<Int64>, length: Int, to writer: CopyWriter) async throws {
    var encoder = BinaryCopyEncoder(columns: [.bigint, .text])
    let note = SQLValue.text(String(repeating: "n", count: length))
    for id in rows {
      try encoder.append([.int(id), note])
      if encoder.count > 65_536 { try await writer.write(encoder.take()) }
    }
    try await writer.write(encoder.finish())
  }

  @Test("takes 200,000 rows in and out, in little memory")
  func roundTrip() async throws {
    try await TestDatabase.with(service: "lines", migrations: Self.migrations) { test in
      let before = try residentBytes()
      let written = try await test.database.transaction(as: .worker) { transaction in
        try await transaction.copyIn(Self.copyIn) { try await Self.write(1...200_000, length: 500, to: $0) }
      }
      #expect(written == 200_000)
      let (lines, bytes) = try await test.database.transaction(as: .worker) { transaction in
        try await transaction.copyOut(Self.copyOut) { reader in
          var (lines, bytes) = (0, 0)
          for try await chunk in reader {
            #expect(chunk.last == UInt8(ascii: "\n"))
            bytes += chunk.count
            chunk.withUnsafeBytes { for byte in $0 where byte == UInt8(ascii: "\n") { lines += 1 } }
          }
          return (lines, bytes)
        }
      }
      #expect(lines == 200_000)
      #expect(bytes > 100_000_000)
      // 100 MB went through each way.
      #expect(try residentBytes() - before < 50_000_000)
    }
  }

  @Test("waits while the server is behind")
  func backPressureIn() async throws {
    try await TestDatabase.with(service: "lines", migrations: Self.migrations) { test in
      let gate = Statement(name: "gate", sql: "select pg_advisory_xact_lock(1)")
      let progress = Counter()
      let copied = try await test.database.transaction(as: .worker) { keeper in
        try await keeper.execute(gate)
        let copy = Task {
          try await test.database.transaction(as: .worker) { transaction in
            try await transaction.copyIn(Self.copyIn) { writer in
              var encoder = BinaryCopyEncoder(columns: [.bigint, .text])
              try encoder.append([1, "gate"])
              for id in Int64(2)...500 {
                try encoder.append([.int(id), .text(String(repeating: "n", count: 65_536))])
                try await writer.write(encoder.take())
                _ = await progress.next()
              }
              try await writer.write(encoder.finish())
            }
          }
        }
        while try await test.waitingBackends() == 0 { await Task.yield() }
        for _ in 0..<300 { _ = try await test.database.read(Sample.echo, [1], as: .none) }
        // What the sockets hold, and no more of the 32 MiB.
        #expect(await progress.next() < 100)
        try await keeper.execute(Sample.echo, [1])
        return copy
      }.value
      #expect(copied == 500)
      #expect(await progress.next() == 501)
    }
  }

  @Test("lets the server wait while the reader is behind")
  func backPressureOut() async throws {
    try await TestDatabase.with(service: "lines", migrations: Self.migrations) { test in
      try await test.database.write(Self.fill, [10_000, 1_000], as: .worker)
      let lines = try await test.database.transaction(as: .worker) { transaction in
        try await transaction.copyOut(Self.copyOut) { reader in
          var chunks = reader.makeAsyncIterator()
          var lines = 0
          guard let first = try await chunks.next() else { return 0 }
          lines += first.count { $0 == UInt8(ascii: "\n") }
          let blocked = Statement(
            name: "blocked",
            sql: """
              select count(*) from pg_stat_activity
              where datname = current_database() and wait_event = 'ClientWrite'
              """)
          while try await test.database.read(blocked, as: .none)[0].int(0) == 0 { await Task.yield() }
          while let chunk = try await chunks.next() { lines += chunk.count { $0 == UInt8(ascii: "\n") } }
          return lines
        }
      }
      #expect(lines == 10_000)
    }
  }

  @Test("stores nothing when the body throws, and leaves the transaction failed")
  func bodyThrows() async throws {
    struct Refusal: Error {}
    try await TestDatabase.with(service: "lines", migrations: Self.migrations) { test in
      await #expect(throws: Refusal.self) {
        try await test.database.transaction(as: .worker) { transaction in
          try await transaction.copyIn(Self.copyIn) { writer in
            try await Self.write(1...100, length: 5, to: writer)
            throw Refusal()
          }
        }
      }
      let rows = try await test.database.read(Self.count, as: .worker)
      #expect(try rows[0].int(0) == 0)
    }
  }

  @Test("reports a refused row without its values, and the connection goes on")
  func refusedRow() async throws {
    try await TestDatabase.with(service: "lines", migrations: Self.migrations) {
      $0.leases.maximumConnections = 1
    } _: { test in
      let error = await expectFailure(.uniqueViolation) {
        try await test.database.transaction(as: .worker) { transaction in
          _ = try await transaction.copyIn(Self.copyIn) { writer in
            var encoder = BinaryCopyEncoder(columns: [.bigint, .text])
            try encoder.append([424_242, "a"])
            try encoder.append([424_242, "b"])
            try await writer.write(encoder.finish())
          }
        }
      }
      #expect(error?.constraint == "lines_pkey")
      #expect(error?.description.contains("424242") == false)
      let text = Statement(name: "text", sql: "copy lines (id, note) from stdin")
      let second = await expectFailure(.invalidValue) {
        try await test.database.transaction(as: .worker) { transaction in
          _ = try await transaction.copyIn(text) { try await $0.write(Array("secret\tnote\n".utf8)) }
        }
      }
      #expect(second?.description.contains("secret") == false)
      let rows = try await test.database.transaction(as: .worker) { transaction in
        try await transaction.copyIn(text) { try await $0.write(Array("1\tnote\n".utf8)) }
      }
      #expect(rows == 1)
    }
  }

  @Test("goes on when the reader stops early, and closes the connection when it throws")
  func earlyEnd() async throws {
    struct Refusal: Error {}
    try await TestDatabase.with(service: "lines", migrations: Self.migrations) {
      $0.leases.maximumConnections = 1
    } _: { test in
      try await test.database.write(Self.fill, [1_000, 1_000], as: .worker)
      try await test.database.transaction(as: .worker) { transaction in
        try await transaction.copyOut(Self.copyOut) { reader in
          for try await _ in reader { break }
        }
        #expect(try await transaction.execute(Sample.echo, [1])[0].int(0) == 1)
      }
      await #expect(throws: Refusal.self) {
        try await test.database.transaction(as: .worker) { transaction in
          try await transaction.copyOut(Self.copyOut) { reader in
            for try await _ in reader { throw Refusal() }
          }
        }
      }
      let echo = try await test.database.transaction(as: .worker) { try await $0.execute(Sample.echo, [1]) }
      #expect(try echo[0].int(0) == 1)
    }
  }

  @Test("is refused by the wrong door, and statements within it")
  func wrongDoor() async throws {
    try await TestDatabase.with(service: "lines", migrations: Self.migrations) { test in
      await expectFailure(.misuse) {
        try await test.database.transaction(as: .worker) { transaction in
          _ = try await transaction.copyIn(Self.copyOut) { _ in }
        }
      }
      await expectFailure(.misuse) {
        try await test.database.transaction(as: .worker) { transaction in
          try await transaction.copyOut(Sample.whoAmI) { _ in }
        }
      }
      try await test.database.transaction(as: .worker) { transaction in
        _ = try await transaction.copyIn(Self.copyIn) { writer in
          await expectFailure(.misuse) { try await transaction.execute(Sample.echo, [1]) }
          try await Self.write(1...2, length: 1, to: writer)
        }
      }
      #expect(try await test.database.read(Self.count, as: .worker)[0].int(0) == 2)
    }
  }

  @Test("ends at the server when its task is cancelled")
  func cancellation() async throws {
    try await TestDatabase.with(service: "lines", migrations: Self.migrations) { test in
      let started = Counter()
      let copy = Task {
        try await test.database.transaction(as: .worker) { transaction in
          _ = try await transaction.copyIn(Self.copyIn) { writer in
            var encoder = BinaryCopyEncoder(columns: [.bigint, .text])
            for id in Int64(1)...Int64.max {
              try encoder.append([.int(id), "note"])
              try await writer.write(encoder.take())
              _ = await started.next()
            }
          }
        }
      }
      while await started.next() < 10 { await Task.yield() }
      copy.cancel()
      await #expect(throws: CancellationError.self) { try await copy.value }
      let copying = Statement(name: "copying", sql: "select count(*) from pg_stat_progress_copy")
      while try await test.database.read(copying, as: .none)[0].int(0) > 0 { await Task.yield() }
      #expect(try await test.database.read(Self.count, as: .worker)[0].int(0) == 0)
    }
  }
}

/// The memory of this process that is in use.
private func residentBytes() throws -> Int {
  let fields = try String(decoding: contents(of: "/proc/self/statm"), as: UTF8.self).split(separator: " ")
  return (Int(fields[1]) ?? 0) * 4_096
}
