import Database
import DatabaseTesting
import RPC
import ServiceKit
import ServiceTesting

@testable import Forms

/// Forms as its callers see it: on its own database, behind its own server, with the directory of Profiles at its side.
/// Its callers' principals are signed as the gateway signs them.
struct TestSuite: ServiceSuite {
  static let customers = "entities/b2c/profileTables/customers"
  static let form = "entities/b2c/forms/win-back"
  static let base = "https://pages.example.test"

  let stage: TestStage
  let profiles: ProfilesDouble
  let client: RPCClient
  let rooms: Rooms
  let enricher: Enricher

  /// Starts it for one test, with the profiles 1 to 20 of ``customers``.
  static func with(_ body: (TestSuite) async throws -> Void) async throws {
    try await TestStage.with(.forms, migrations: FormsMigrations.all) { stage in
      let profiles = ProfilesDouble()
      profiles.add(.customers, number: 7, profiles: 1...20)
      let server = try await stage.start(.profiles, profiles.router)
      let directory = ProfileDirectory(peer: try stage.peer(.profiles, server))
      let database = stage.test.database
      let rooms = Rooms(
        database: database, forms: FormStore(database: database, schema: stage.test.schemaConnection()),
        profiles: directory, links: FormLinks(base: base, secret: Array(repeating: 7, count: 32)),
        pages: stage.pages, requests: stage.requests, time: stage.time, randomness: SystemRandomness())
      let enricher = Enricher(
        store: EnrichmentStore(database: database), profiles: directory, wakeUp: rooms.wakeUp, time: stage.time,
        logger: .quiet)
      let own = try await stage.start(.forms, rooms.router)
      try await body(
        TestSuite(stage: stage, profiles: profiles, client: own.client, rooms: rooms, enricher: enricher))
    }
  }
}
