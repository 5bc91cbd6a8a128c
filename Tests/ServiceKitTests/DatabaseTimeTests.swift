import Database
import DatabaseTesting
import ServiceKitTesting
import Testing
import Values

@testable import ServiceKit

@Suite("The clock that copies share")
struct DatabaseTimeTests {
  private func difference(of machine: any TimeSource, afterwards: (DatabaseTime) -> Void = { _ in }) async throws
    -> Duration
  {
    var found = Duration.zero
    try await TestDatabase.with(service: "sample", migrations: []) { test in
      let time = DatabaseTime(machine)
      try await time.putRight(by: test.database, logger: .quiet, metrics: MetricsRegistry())
      found = time.now.duration(since: machine.now)
    }
    return found
  }

  @Test("is the database's, where the machine's is hours off", arguments: [-3_600, 3_600])
  func putRight(seconds: Int64) async throws {
    let machine = ManualTime(SystemTime().now.advanced(by: .seconds(seconds)))
    let difference = try await difference(of: machine)
    #expect(
      difference.components.seconds / 60 == -seconds / 60 || (difference.components.seconds - 1) / 60 == -seconds / 60)
  }

  @Test("is the machine's, where that is right")
  func leftAlone() async throws {
    let machine = ManualTime(SystemTime().now)
    #expect(try await difference(of: machine) == .zero)
  }
}
