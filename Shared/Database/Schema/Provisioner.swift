package import Logging

/// Makes the database, and each service's schema and roles; run by an administrator, any number of times.
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

  /// - Parameters:
  ///   - server: with the database to make.
  ///   - administrator: may create databases and roles.
  ///   - maintenanceDatabase: one that exists, to connect to first.
  package init(
    server: ServerAddress, administrator: Login, maintenanceDatabase: String = "postgres", rolePrefix: String? = nil,
    logger: Logger
  ) {}

  /// Makes what is missing, and sets the logins' passwords.
  ///
  /// - Parameter kept: credentials that are known already and stay; new ones are drawn for the other services.
  /// - Returns: the credentials of all `services`.
  package func prepare(services: [String], kept: [Credentials] = []) async throws -> [Credentials] { [] }
}
