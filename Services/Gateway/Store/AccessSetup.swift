package import Database
package import Logging
package import ServiceKit

/// What `rapport setup` does for the gateway: the schema, and a first key that may do everything.
package struct AccessSetup: Sendable {
  private let database: Database
  private let time: any TimeSource
  private let randomness: any Randomness

  /// - Parameter database: the gateway's, started, its schema migrated.
  package init(
    database: Database, time: any TimeSource = SystemTime(), randomness: any Randomness = SystemRandomness()
  ) {
    self.database = database
    self.time = time
    self.randomness = randomness
  }

  /// Migrates the gateway's schema and makes the administrator's key, if no key may administer access everywhere.
  ///
  /// Copies may call at once: one makes the key. The service need not run.
  ///
  /// - Parameters:
  ///   - credentials: the gateway's, as ``Provisioner`` gave them.
  ///   - keep: stores the secret of the new key where the administrator finds it. It runs before the key is committed, so
  ///     that no key is made whose secret is lost; after a failure the next call makes another key and stores that.
  /// - Returns: whether a key was made.
  /// - Throws: ``DatabaseError``; what `keep` throws.
  @discardableResult
  package static func prepare(
    server: ServerAddress, roles: RoleNames, credentials: Provisioner.Credentials, logger: Logger,
    keep: @Sendable (_ secret: String) async throws -> Void
  ) async throws -> Bool {
    let ddl = Login(user: roles.ddl, password: credentials.ddlPassword)
    try await Migrator(server: server, roles: roles, ddl: ddl, logger: logger).migrate(AccessMigrations.all)
    let configuration = DatabaseConfiguration(server: server, roles: roles, password: credentials.password)
    let database = Database(configuration: configuration, logger: logger)
    do {
      try await database.start()
      let isMade = try await AccessSetup(database: database).ensureAdministrator(keep: keep)
      await database.shutdown()
      return isMade
    } catch {
      await database.shutdown()
      throw error
    }
  }

  /// Makes the administrator's key, if no key that holds may administer access everywhere.
  ///
  /// - Parameter keep: as in ``prepare(server:roles:credentials:logger:keep:)``.
  /// - Returns: whether a key was made.
  /// - Throws: ``DatabaseError``; what `keep` throws.
  package func ensureAdministrator(keep: @Sendable (_ secret: String) async throws -> Void) async throws -> Bool {
    let origin = ChangeOrigin(subject: "setup", method: "setup", peer: "", request: "", time: time.now)
    return try await AccessStore(database).change(origin) { change in
      guard try await !change.hasAdministrator() else { return false }
      let secret = KeySecret(drawnFor: try await change.reserveKeyNumber(), randomness: randomness)
      let key = KeyRecord(
        number: secret.key, displayName: "Administrator", secretHash: secret.hash, grants: AccessGrant.everything,
        expireTime: nil, revokeTime: nil, createTime: origin.time)
      try await change.create(key)
      try await change.audit(key.name, after: try key.message { _ in nil }.definition)
      try await keep(secret.text)
      return true
    }
  }
}
