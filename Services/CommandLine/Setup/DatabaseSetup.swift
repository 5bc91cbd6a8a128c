import Database
import Foundation
import Gateway
import Logging
import RPC
import ServiceKit

/// Makes the database with every service's schema and logins, and the first key in it.
struct DatabaseSetup: Sendable {
  let topology: Topology.Database
  let keys: KeyFolder

  // Nobody reads a log here; what matters comes as an error.
  private var logger: Logger { Logger(label: "rapport") { _ in SwiftLogNoOpLogHandler() } }

  private var address: ServerAddress {
    ServerAddress(host: topology.host, port: topology.port, database: topology.name)
  }

  /// Makes what is missing.
  ///
  /// - Throws: ``CommandError`` that says what to do.
  func run(_ services: [ServiceName]) async throws {
    do {
      // Passwords are kept before they are set, so that a run that ends in between loses none.
      let kept = try services.map { try credentials(of: $0) }
      let provisioner = Provisioner(
        server: address, administrator: Login(user: topology.administrator, password: try administratorPassword()),
        logger: logger)
      _ = try await provisioner.prepare(services: services.map(\.rawValue), kept: kept)
      if services.contains(.gateway) { try await makeFirstKey() }
    } catch let error as DatabaseError {
      throw CommandError(
        error.kind == .unavailable ? .unavailable : .failedPrecondition,
        "The database at \(topology.host) could not be prepared: \(error)")
    }
  }

  private func makeFirstKey() async throws {
    let keys = keys
    try await AccessSetup.prepare(
      server: address, roles: RoleNames(prefix: topology.name, service: ServiceName.gateway.rawValue),
      credentials: credentials(of: .gateway), logger: logger
    ) { secret in
      try keys.replace(KeyFolder.administrator, with: secret)
    }
  }

  private func credentials(of service: ServiceName) throws -> Provisioner.Credentials {
    Provisioner.Credentials(
      service: service.rawValue, password: try keys.secret(KeyFolder.password(of: service)),
      ddlPassword: try keys.secret(KeyFolder.ddlPassword(of: service)))
  }

  private func administratorPassword() throws -> String {
    guard let path = topology.passwordFile else { return "" }
    guard let secret = Secret(value: nil, file: path) else { return "" }
    do {
      return try secret.value()
    } catch let error as ConfigurationError {
      throw CommandError(.notFound, "The password of the database's administrator is missing. \(error.description)")
    }
  }
}

extension Topology.Database {
  /// Draws the administrator's password into its file, unless it is there.
  ///
  /// - Throws: ``CommandError`` when the topology names no file, or it cannot be written.
  func drawPassword() throws {
    guard let passwordFile else {
      throw CommandError(.invalidArgument, "Name the file of the password in the topology: database.passwordFile.")
    }
    let file = URL(filePath: passwordFile)
    let folder = try PrivateFolder(making: file.deletingLastPathComponent().path, isPassable: true)
    _ = try KeyFolder(folder).secret(file.lastPathComponent)
  }
}
