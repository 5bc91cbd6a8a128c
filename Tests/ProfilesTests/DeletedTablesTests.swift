import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing

@testable import Profiles

@Suite("A deleted profile table")
struct DeletedTablesTests {
  private typealias Service = ProfilesV1.ProfileService

  private func delete(_ suite: TestSuite) async throws {
    try await suite.call(Service.deleteProfileTable) { request in
      request.name = TestSuite.customers
      request.force = true
    }
  }

  private func number(_ suite: TestSuite) async throws -> Int64 {
    try await suite.call(
      InternalV1.ProfileDirectoryService.describeProfileTable, as: .service(.messaging, [.b2c])
    ) { $0.name = TestSuite.customers }.number
  }

  /// The deletions of whole tables that the log is to tell of.
  private func told(_ suite: TestSuite) async throws -> [InternalV1.ProfileTableDeleted] {
    let statement = Statement(
      name: "test.told",
      sql: "SELECT body FROM log_outbox WHERE type = '\(InternalV1.ProfileTableDeleted.descriptor.name)'")
    return try await suite.stage.test.database.read(statement, as: .worker).map {
      try InternalV1.ProfileTableDeleted(decoding: $0.bytes(0))
    }
  }

  @Test("with profiles is told of, and its id never comes to mean other profiles")
  func withProfiles() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.customers([[:]], hasStores: false)
      try await suite.deleteCustomer(1)
      let number = try await number(suite)
      try await delete(suite)
      #expect(try await told(suite).map(\.profileTable) == [number])
      for id in ["customers", "CUSTOMERS"] {
        let refusal = try await suite.refusal(Service.createProfileTable) { request in
          (request.parent, request.profileTableId, request.profileTable) = ("entities/b2c", id, .customers)
          request.profileTable?.references = []
        }
        #expect(refusal.code == .alreadyExists && refusal.reason == "PROFILE_TABLE_ID_USED_UP")
        #expect(refusal.fields == ["profile_table_id"])
      }
    }
  }

  @Test("without profiles comes back under its number, which others may know")
  func withoutProfiles() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.customers([], hasStores: false)
      let number = try await number(suite)
      try await delete(suite)
      #expect(try await told(suite).isEmpty)
      try await suite.customers([[:]], hasStores: false)
      #expect(try await self.number(suite) == number)
      try await delete(suite)
      #expect(try await told(suite).map(\.profileTable) == [number])
    }
  }
}
