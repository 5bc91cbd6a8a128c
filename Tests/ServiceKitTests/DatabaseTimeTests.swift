import Database
import DatabaseTesting
import ServiceKitTesting
import Testing
import Values

@testable import ServiceKit

@Suite("The clock that copies share")
struct DatabaseTimeTests {
  /// By how much a machine's clock, so many seconds off, is put right.
  private func correction(of seconds: Int64) async throws -> Duration {
    try await TestDatabase.with(service: "sample", migrations: []) { test in
      // Warm, so that the answer is not long on its way.
      _ = try await test.database.read(DatabaseTime.clock, as: .none)
      var correction = Duration.zero
      for _ in 0..<20 where correction == .zero {
        let machine = ManualTime(SystemTime().now.advanced(by: .seconds(seconds)))
        let time = DatabaseTime(machine)
        try await time.putRight(by: test.database, logger: .quiet, metrics: MetricsRegistry())
        correction = time.now.duration(since: machine.now)
        if seconds == 0 { break }
      }
      return correction
    }
  }

  @Test("is the database's, where the machine's is hours off", arguments: [Int64(-3_600), 3_600])
  func putRight(seconds: Int64) async throws {
    let correction = try await correction(of: seconds)
    #expect(abs(correction.components.seconds + seconds) < 60)
  }

  @Test("is the machine's, where that is right")
  func leftAlone() async throws {
    #expect(try await correction(of: 0) == .zero)
  }
}
