package import Logging

/// Makes the database, and each service's schema and roles; run by an administrator, any number of times.
///
/// Of each service's roles (``RoleNames``) only the two logins can connect, and only to this database. The login of
/// calls owns nothing and inherits nothing: it must take a role to see anything. Creating the role of an entity needs
/// CREATEROLE, which in PostgreSQL 15 lets its holder take any role of the cluster; so no login has it, and a function
/// of the administrator's does that one thing for the login of schema operations.
package struct Provisioner: Sendable {
  /// The passwords of one service's two logins.
  package struct Credentials: Sendable, Hashable, Codable {
    package let service: String
    /// Of the login of calls.
    package let password: String
    /// Of the login of schema operations.
    package let ddlPassword: String

    package init(service: String, password: String, ddlPassword: String) {
      self.service = service
      self.password = password
      self.ddlPassword = ddlPassword
    }
  }

  private let server: ServerAddress
  private let administrator: Login
  private let maintenanceDatabase: String
  private let rolePrefix: String
  private let startupWait: Duration
  private let logger: Logger

  /// - Parameters:
  ///   - server: with the database to make.
  ///   - administrator: a superuser, or one who may create databases and roles.
  ///   - maintenanceDatabase: one that exists, to connect to first.
  ///   - rolePrefix: begins the names of the roles; the database's name if nil.
  ///   - startupWait: how long to wait for the server. Default 30 s.
  package init(
    server: ServerAddress, administrator: Login, maintenanceDatabase: String = "postgres", rolePrefix: String? = nil,
    startupWait: Duration = .seconds(30), logger: Logger
  ) {
    self.server = server
    self.administrator = administrator
    self.maintenanceDatabase = maintenanceDatabase
    self.rolePrefix = rolePrefix ?? server.database
    self.startupWait = startupWait
    self.logger = logger
  }

  /// Makes what is missing, and sets the logins' passwords.
  ///
  /// - Parameters:
  ///   - kept: credentials that are known already and stay; new ones are drawn for the other services.
  ///   - random: 32 unguessable bytes for each call.
  /// - Returns: the credentials of all `services`, in their order.
  package func prepare(
    services: [String], kept: [Credentials] = [], random: () -> [UInt8] = Provisioner.unguessableBytes
  ) async throws -> [Credentials] {
    let names = try services.map { try RoleNames(prefix: rolePrefix, service: $0) }
    let credentials = services.map { service in
      kept.first { $0.service == service }
        ?? Credentials(service: service, password: Self.password(random()), ddlPassword: Self.password(random()))
    }
    try await createDatabase()
    try await connected(to: server.database) { connection in
      var script = try ProvisioningScript.database(server.database)
      for (roles, credentials) in zip(names, credentials) {
        script += try ProvisioningScript.service(
          roles, database: server.database,
          loginVerifier: try await connection.verifier(ofPassword: credentials.password, user: roles.login),
          ddlVerifier: try await connection.verifier(ofPassword: credentials.ddlPassword, user: roles.ddl))
      }
      // One script is one transaction: two administrators wait for each other at its lock.
      try await connection.run(script: script, name: "provision")
    }
    return credentials
  }

  /// 32 bytes of the system's generator.
  package static func unguessableBytes() -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  /// Hexadecimal, so that it needs no escaping anywhere.
  private static func password(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  private func createDatabase() async throws {
    let name = try quoted(server.database)
    try await connected(to: maintenanceDatabase) { connection in
      do {
        // Order by code point is the same on every machine; letters of all languages have cases.
        try await connection.run(
          script: """
            create database \(name) template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'
            """, name: "createDatabase")
      } catch let error as DatabaseError where error.kind == .duplicateObject || error.kind == .uniqueViolation {
        // Made before, or by another administrator at this moment.
      }
    }
  }

  private func connected(to database: String, _ body: (Connection) async throws -> Void) async throws {
    var address = server
    address.database = database
    let parameters = ConnectionParameters(server: address, login: administrator, purpose: .schema)
    let door = Door(retry: RetryPolicy(), logger: logger)
    let deadline = ContinuousClock.now + startupWait
    let connection = try await retrying(until: deadline) { try await door.open(parameters, until: deadline) }
    defer { connection.release() }
    try await body(connection)
  }
}
