import Database
import DatabaseTesting
import Messages
import ServiceKitTesting
import Synchronization
import Values

@testable import ServiceKit

/// A service's database with a log, and what writes to it.
struct LogFixture: Sendable {
  static let migrations = [
    Migration(number: 1, name: "leases", sql: Lease.schema),
    Migration(number: 2, name: "log", sql: Log.schema),
    Migration(number: 3, name: "followed logs", sql: Log.followerSchema),
    Migration(number: 4, name: "kept requests", sql: RequestLedger.schema),
    Migration(
      number: 5, name: "what tests change",
      sql: """
        CREATE TABLE counted (name text PRIMARY KEY, count bigint NOT NULL DEFAULT 0);
        GRANT SELECT, INSERT, UPDATE ON counted TO {worker}, {entities};
        """),
  ]

  let test: TestDatabase
  let time = ManualTime(SystemTime().now)

  var database: Database { test.database }
  var sequencer: Sequencer { Sequencer(service: .profiles, database: database, time: time) }

  /// Gives a fresh database to a test.
  static func with<Result>(_ body: (LogFixture) async throws -> Result) async throws -> Result {
    try await TestDatabase.with(service: "profiles", migrations: migrations) { test in
      try await body(LogFixture(test: test))
    }
  }

  /// The lease of the sequencer, taken by a copy.
  func fence(holder: String = "copy") async throws -> Int64? {
    try await Sequencer.lease.acquire(holder: holder, in: database)
  }

  /// Makes the present holder's lease run out.
  func expireLeases() async throws {
    let administrator = try await test.cluster.administratorClient(database: test.configuration.server.database)
    _ = try await administrator.write(
      Statement(name: "test.expire", sql: "UPDATE profiles.leases SET held_until = '-infinity'"), [], as: .none)
    await administrator.shutdown()
  }

  /// Moves all that is committed.
  func moveAll(fence: Int64) async throws {
    while try await sequencer.move(fence: fence) > 0 {}
  }

  /// Writes events of one profile in a transaction of their own.
  func append(_ names: String..., profile: UInt32 = 0) async throws {
    try await database.transaction(as: .worker) { transaction in
      try await Log.append(try names.map { try LogEntry.sample($0, profile: profile) }, in: transaction)
    }
  }

  /// All events of the log from the beginning, by partition and position.
  func readAll() async throws -> [InternalV1.LogEvent] {
    var reader = LogReader(epoch: 0, cursors: [:], types: [])
    var all: [InternalV1.LogEvent] = []
    while case .batch(let events, _) = try await reader.next(in: database) { all += events }
    return all.sorted { ($0.partition, $0.position) < ($1.partition, $1.position) }
  }
}

extension LogEntry {
  /// An event that carries a name.
  static func sample(_ name: String, profile: UInt32 = 0, entity: Int64 = 0) throws -> LogEntry {
    var message = InternalV1.Entity()
    message.key = name
    return profile == 0
      ? try LogEntry(message, entity: entity)
      : try LogEntry(message, entity: entity, profileTable: 1, profile: profile)
  }
}

extension InternalV1.LogEvent {
  /// The name that a sample event carries.
  var sampleName: String {
    get throws { try InternalV1.Entity(decoding: body).key }
  }
}

/// Lets one side of a test go on when the other says so.
final class Gate: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(of: Void.self)
  }

  func open() { continuation.yield() }

  func wait() async {
    for await _ in stream { return }
  }
}
