import Database
import DatabaseTesting
import Testing

@Suite("Shared lanes")
struct LaneTests {
  @Test("answer a statement with its parameters")
  func answer() async throws {
    try await TestDatabase.with(service: "sample") { test in
      let sum = Statement(name: "sum", sql: "select $1::bigint + $2::bigint")
      let rows = try await test.database.read(sum, [2, 3], as: .none)
      #expect(try rows[0].int(0) == 5)
    }
  }
}
