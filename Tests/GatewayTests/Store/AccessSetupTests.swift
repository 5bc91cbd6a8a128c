import Database
import DatabaseTesting
import Messages
import ServiceKit
import ServiceKitTesting
import Synchronization
import Testing
import Values

@testable import Gateway

@Suite("The first administrator's key")
struct AccessSetupTests {
  /// Keeps what setup gives, as a file would.
  private final class Keeper: Sendable {
    let secrets = Mutex<[String]>([])
    func keep(_ secret: String) { secrets.withLock { $0.append(secret) } }
    var all: [String] { secrets.withLock { $0 } }
  }

  private struct NoRoom: Error {}

  private func with(_ body: (TestDatabase, Keeper) async throws -> Void) async throws {
    try await TestDatabase.with(service: "gateway", migrations: Gateway.migrations) { try await body($0, Keeper()) }
  }

  @Test("the first run makes a key that may do everything, the second makes none")
  func once() async throws {
    try await with { test, keeper in
      let setup = AccessSetup(database: test.database)
      #expect(try await setup.ensureAdministrator { keeper.keep($0) })
      #expect(try await !setup.ensureAdministrator { keeper.keep($0) })
      let secret = try #require(keeper.all.first.flatMap(KeySecret.init))
      let view = try await AccessStore(test.database).load()
      #expect(keeper.all.count == 1 && view.keys.count == 1)
      let key = try #require(view.key(number: secret.key))
      #expect(secret.matches(key.secretHash))
      #expect(key.grants == AccessGrant.everything)
    }
  }

  @Test("no key is made when its secret could not be kept, and the next run makes one")
  func notKept() async throws {
    try await with { test, keeper in
      let setup = AccessSetup(database: test.database)
      await #expect(throws: NoRoom.self) { try await setup.ensureAdministrator { _ in throw NoRoom() } }
      let none = try await AccessStore(test.database).load().keys
      let isMade = try await setup.ensureAdministrator { keeper.keep($0) }
      let one = try await AccessStore(test.database).load().keys
      #expect(none.isEmpty && isMade && one.count == 1)
    }
  }

  @Test("of several runs at once, one makes the key")
  func atOnce() async throws {
    try await with { test, keeper in
      try await withThrowingTaskGroup(of: Bool.self) { runs in
        for _ in 0..<5 {
          runs.addTask { try await AccessSetup(database: test.database).ensureAdministrator { keeper.keep($0) } }
        }
        var made = 0
        for try await isMade in runs where isMade { made += 1 }
        #expect(made == 1)
      }
      #expect(keeper.all.count == 1)
      #expect(try await AccessStore(test.database).load().keys.count == 1)
    }
  }

  @Test("a revoked or expired administrator does not count: another key is made")
  func revoked() async throws {
    try await with { test, keeper in
      let time = ManualTime()
      let setup = AccessSetup(database: test.database, time: time)
      #expect(try await setup.ensureAdministrator { keeper.keep($0) })
      let origin = ChangeOrigin(subject: "test", method: "", peer: "", request: "", time: time.now)
      try await AccessStore(test.database).change(origin) { change in
        guard var key = try await change.key(number: 1) else { throw NoRoom() }
        key.expireTime = time.now.advanced(by: .seconds(60))
        try await change.update(key)
      }
      #expect(try await !setup.ensureAdministrator { keeper.keep($0) })
      time.advance(by: .seconds(60))
      #expect(try await setup.ensureAdministrator { keeper.keep($0) })
    }
  }

  @Test("with the credentials of the provisioner the schema is migrated and the key is made, as often as one likes")
  func prepare() async throws {
    try await TestDatabase.with(service: "gateway") { test in
      let keeper = Keeper()
      let credentials = Provisioner.Credentials(
        service: "gateway", password: test.configuration.login.password, ddlPassword: test.ddl.password)
      for expected in [true, false] {
        let isMade = try await AccessSetup.prepare(
          server: test.configuration.server, roles: test.configuration.roles, credentials: credentials, logger: .silent
        ) { keeper.keep($0) }
        #expect(isMade == expected)
      }
      #expect(keeper.all.count == 1)
    }
  }
}
