import Crypto
import Database
import Foundation
import Logging
import RPC
import ServiceKit

/// Makes all that the suite's processes need before they start: secrets, database, configuration files.
///
/// Every step does only what is missing, so a run that was killed anywhere is completed by the next.
struct SuiteSetup {
  let topology: Topology
  private let data: PrivateFolder
  private let keys: KeyFolder

  /// - Parameter data: the data folder; made if it is not there.
  init(topology: Topology, data: String) throws {
    self.topology = topology
    self.data = try PrivateFolder(making: data)
    keys = try KeyFolder(PrivateFolder(making: "\(data)/keys"))
  }

  private var services: [ServiceName] {
    ServiceName.allCases.filter { topology.services[$0] != nil }
  }

  /// - Returns: The services that are configured.
  /// - Throws: ``CommandError`` that says what to do.
  func run() async throws -> [ServiceName] {
    try await data.locked {
      let publicKeys = try keys.publish(
        Dictionary(uniqueKeysWithValues: services.map { ($0, try keys.identity(of: $0)) }))
      try await provision()
      let folder = try PrivateFolder(making: "\(data.path)/config")
      for service in services {
        try folder.file("\(service).json").update(configuration(of: service, publicKeys: publicKeys).json)
      }
    }
    return services
  }

  private func provision() async throws {
    let address = ServerAddress(
      host: topology.database.host, port: topology.database.port, database: topology.database.name)
    let provisioner = Provisioner(
      server: address,
      administrator: Login(user: topology.database.administrator, password: try administratorPassword()),
      logger: Logger(label: "rapport") { _ in SwiftLogNoOpLogHandler() })
    // Drawn and kept before they are set, so that a run that ends in between loses none.
    let credentials = try services.map {
      Provisioner.Credentials(
        service: $0.rawValue, password: try keys.secret(passwordFile(of: $0)),
        ddlPassword: try keys.secret(ddlPasswordFile(of: $0)))
    }
    do {
      _ = try await provisioner.prepare(services: services.map(\.rawValue), kept: credentials)
    } catch let error as DatabaseError {
      throw CommandError(
        error.kind == .unavailable ? .unavailable : .failedPrecondition,
        "The database at \(topology.database.host) could not be prepared: \(error)")
    }
  }

  private func administratorPassword() throws -> String {
    guard let file = topology.database.passwordFile else { return "" }
    guard let data = try PrivateFile(path: file).read() else {
      throw CommandError(.notFound, "There is no file \(file) with the password of the database's administrator.")
    }
    return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
  }

  private func passwordFile(of service: ServiceName) -> String { "\(service).password" }

  private func ddlPasswordFile(of service: ServiceName) -> String { "\(service).ddl-password" }

  private func configuration(of service: ServiceName, publicKeys: String) -> ConfigurationTree {
    var tree = ConfigurationTree()
    if let addresses = topology.services[service] {
      tree.set(ServiceConfiguration.listenHost, addresses.rpc.host)
      tree.set(ServiceConfiguration.listenPort, addresses.rpc.port)
      tree.set(ServiceConfiguration.adminHost, addresses.admin.host)
      tree.set(ServiceConfiguration.adminPort, addresses.admin.port)
    }
    tree.set(DatabaseSettings.host, topology.database.host)
    tree.set(DatabaseSettings.port, topology.database.port)
    tree.set(DatabaseSettings.name, topology.database.name)
    tree.set(DatabaseSettings.passwordFile, keys.path(passwordFile(of: service)))
    tree.set(DatabaseSettings.ddlPasswordFile, keys.path(ddlPasswordFile(of: service)))
    tree.set(IdentityConfiguration.privateKeyFile, keys.path("\(service).key"))
    tree.set(IdentityConfiguration.publicKeysFile, publicKeys)
    for peer in services where peer != service {
      tree.set(IdentityConfiguration.peer(peer), topology.services[peer].map { [$0.rpc] } ?? [])
    }
    return tree
  }
}
