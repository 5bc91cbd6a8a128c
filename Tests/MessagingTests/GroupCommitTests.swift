import Database
import DatabaseTesting
import Testing

@testable import Messaging

@Suite("Transactions that are put together")
struct GroupCommitTests {
  private static let migrations = [
    Migration(
      number: 1, name: "notes",
      sql: """
        -- For tests. Locks nothing that exists.
        CREATE TABLE notes (id bigint PRIMARY KEY, maker text NOT NULL DEFAULT pg_current_xact_id()::text);
        GRANT SELECT, INSERT ON notes TO {worker};
        """)
  ]
  /// Numbers to be inserted, which each caller gets back.
  private struct Numbers: GroupedWork {
    let numbers: [Int64]

    init(_ numbers: Int64...) { self.numbers = numbers }

    static func statements(for work: [Self]) -> [(Statement, [SQLValue])] {
      work.flatMap(\.numbers).map { (insert, [.int($0)]) }
    }

    static func outcomes(of work: [Self], _ rows: [[Row]]) throws -> [[Int64]] {
      var inserted = try rows.joined().map { try $0.int(0) }[...]
      return work.map { work in
        defer { inserted = inserted.dropFirst(work.numbers.count) }
        return Array(inserted.prefix(work.numbers.count))
      }
    }
  }

  private static let insert = Statement(name: "notes.insert", sql: "INSERT INTO notes (id) VALUES ($1) RETURNING id")
  private static let count = Statement(name: "notes.count", sql: "SELECT count(*), count(DISTINCT maker) FROM notes")

  @Test("each caller gets its own rows, and fewer transactions are made than were asked for")
  func together() async throws {
    try await TestDatabase.with(service: "notes", migrations: Self.migrations) { test in
      let commits = GroupCommit<Numbers>(database: test.database)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in Int64(1)...200 {
          group.addTask {
            let inserted = try await commits.run(Numbers(number, -number))
            #expect(inserted == [number, -number])
          }
        }
        try await group.waitForAll()
      }
      let row = try #require(try await test.database.read(Self.count, as: .worker).first)
      #expect(try row.int(0) == 400)
      #expect(try row.int(1) < 200)
    }
  }

  @Test("one that fails takes no other with it, and leaves nothing of its own")
  func failure() async throws {
    try await TestDatabase.with(service: "notes", migrations: Self.migrations) { test in
      let commits = GroupCommit<Numbers>(database: test.database)
      let failed = await withTaskGroup(of: Int64?.self) { group in
        for number in Int64(1)...60 {
          group.addTask {
            // Every tenth breaks the primary key with its second statement.
            let second = number.isMultiple(of: 10) ? number : number + 100
            let result = try? await commits.run(Numbers(number, second))
            return result == nil ? number : nil
          }
        }
        return await group.reduce(into: Set<Int64>()) { if let number = $1 { $0.insert(number) } }
      }
      #expect(failed == [10, 20, 30, 40, 50, 60])
      let row = try #require(try await test.database.read(Self.count, as: .worker).first)
      #expect(try row.int(0) == 108)
    }
  }
}
