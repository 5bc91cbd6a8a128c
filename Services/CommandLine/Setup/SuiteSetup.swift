import Crypto
import Forms
import Foundation
import Gateway
import Messaging
import RPC
import ServiceKit

/// Makes all that the suite's processes need before they start: secrets, database, configuration files.
///
/// Every step does only what is missing, so a run that was killed anywhere is completed by the next.
struct SuiteSetup {
  let topology: Topology
  private let data: PrivateFolder
  private let keys: KeyFolder
  private let isApart: Bool

  /// - Parameters:
  ///   - data: the data folder; made if it is not there.
  ///   - isApart: gives each service a folder with its configuration and copies of the secrets that are its own, and of no
  ///     other's. Without it all secrets are in one folder, and so are the configurations.
  init(topology: Topology, data: String, isApart: Bool = false) throws {
    self.topology = topology
    self.data = try PrivateFolder(making: data, isPassable: true)
    keys = try KeyFolder(PrivateFolder(making: "\(data)/keys"))
    self.isApart = isApart
  }

  private var services: [ServiceName] {
    ServiceName.allCases.filter { topology.services[$0] != nil }
  }

  /// - Returns: The services that are configured.
  /// - Throws: ``CommandError`` that says what to do.
  func run() async throws -> [ServiceName] {
    try await data.locked {
      try keys.publish(Dictionary(uniqueKeysWithValues: services.map { ($0, try keys.keyPair(of: $0)) }))
      try await DatabaseSetup(topology: topology.database, keys: keys).run(services)
      for (service, addresses) in topology.services {
        let files = try ServiceFiles(of: service, in: data, keys: keys, isApart: isApart)
        try files.configuration.update(configuration(of: service, at: addresses, files).json)
      }
    }
    return services
  }

  /// The key that the first setup of a data folder has made.
  ///
  /// - Throws: ``CommandError`` when it is not there.
  static func administratorKey(in data: String) throws -> String {
    let file = PrivateFile(path: "\(data)/keys/\(KeyFolder.administrator)")
    guard let line = try file.read().map({ String(decoding: $0, as: UTF8.self) })?.split(separator: "\n").first else {
      throw CommandError(.notFound, "\(file.path) is not there. Run the setup first.")
    }
    return String(line)
  }

  private func configuration(
    of service: ServiceName, at addresses: Topology.Service, _ files: ServiceFiles
  ) throws -> ConfigurationTree {
    var tree = ConfigurationTree()
    tree.set(ServiceConfiguration.listenHost, addresses.rpc.host)
    tree.set(ServiceConfiguration.listenPort, addresses.rpc.port)
    tree.set(ServiceConfiguration.adminHost, addresses.admin.host)
    tree.set(ServiceConfiguration.adminPort, addresses.admin.port)
    tree.set(DatabaseSettings.host, topology.database.host)
    tree.set(DatabaseSettings.port, topology.database.port)
    tree.set(DatabaseSettings.name, topology.database.name)
    tree.set(DatabaseSettings.passwordFile, try files.path(KeyFolder.password(of: service)))
    tree.set(DatabaseSettings.ddlPasswordFile, try files.path(KeyFolder.ddlPassword(of: service)))
    tree.set(IdentityConfiguration.privateKeyFile, try files.path(KeyFolder.identity(of: service)))
    tree.set(IdentityConfiguration.publicKeysFile, try files.path(KeyFolder.publicKeys))
    for (peer, addresses) in topology.services where peer != service {
      tree.set(IdentityConfiguration.peer(peer), [addresses.rpc])
    }
    if service == .gateway, let http = addresses.http {
      tree.set(GatewayConfiguration.httpHost, http.host)
      tree.set(GatewayConfiguration.httpPort, http.port)
    }
    if service == .forms { try setForms(in: &tree, files) }
    if service == .messaging { try setMessaging(in: &tree, files) }
    return tree
  }

  private func setForms(in tree: inout ConfigurationTree, _ files: ServiceFiles) throws {
    if let base = topology.publicBaseURL { tree.set(FormsConfiguration.publicBaseURL, base) }
    let secret = KeyFolder.linkSecret(of: .forms)
    _ = try keys.secret(secret)
    tree.set(FormsConfiguration.linkSecretFile, try files.path(secret))
  }

  private func setMessaging(in tree: inout ConfigurationTree, _ files: ServiceFiles) throws {
    guard let publicBaseURL = topology.publicBaseURL, let smtp = topology.smtp else {
      throw CommandError(.invalidArgument, "Messaging needs publicBaseURL and smtp. Name both in the topology file.")
    }
    let secret = KeyFolder.linkSecret(of: .messaging)
    _ = try keys.secret(secret)
    tree.set(MessagingConfiguration.publicBaseURL, publicBaseURL)
    tree.set(MessagingConfiguration.linksSecretFile, try files.path(secret))
    tree.set(MessagingConfiguration.smtpHost, smtp.host)
    tree.set(MessagingConfiguration.smtpPort, smtp.port)
  }
}
