import Database
import DatabaseTesting
import Testing

@testable import Gateway

@Suite("The schema of the gateway")
struct AccessSchemaTests {
  private static let tables = ["access_state", "entities", "keys", "key_grants", "requests", "audit_records"]

  @Test("the login without a role, and the role of an entity, see none of it", arguments: tables)
  func nobodyElse(table: String) async throws {
    try await TestDatabase.with(service: "gateway", migrations: Gateway.migrations) { test in
      try await test.schemaConnection().ensureEntityRole(1)
      let statement = Statement(name: "test.look", sql: "select count(*) from \(table)")
      for role in [DatabaseRole.none, .entity(1)] {
        let error = await #expect(throws: DatabaseError.self) { try await test.database.read(statement, as: role) }
        #expect(error?.kind == .permissionDenied || error?.kind == .undefinedObject)
      }
      #expect(try await test.database.read(statement, as: .worker).count == 1)
    }
  }

  @Test("the audit cannot be rewritten, and neither entities nor keys can be deleted")
  func appendOnly() async throws {
    try await TestDatabase.with(service: "gateway", migrations: Gateway.migrations) { test in
      for sql in [
        "delete from audit_records", "update audit_records set subject = ''", "delete from entities",
        "delete from keys",
        "delete from requests", "update requests set reply = ''",
      ] {
        let error = await #expect(throws: DatabaseError.self) {
          try await test.database.write(Statement(name: "test.break", sql: sql), as: .worker)
        }
        #expect(error?.kind == .permissionDenied, "\(sql)")
      }
    }
  }
}
