package import RPC

/// A service's own key, the public keys of the others, and where they are.
package struct IdentityConfiguration: Sendable, Hashable {
  /// File with the service's private key.
  package static let privateKeyFile = Setting<String>(
    "identity.privateKeyFile", default: nil, example: "/etc/rapport/keys/profiles.key",
    "File with this service's Ed25519 private key: 32 bytes in base64 on its first line.")
  /// File with the public keys of the suite's services.
  package static let publicKeysFile = Setting<String>(
    "identity.publicKeysFile", default: nil, example: "/etc/rapport/keys/public.json",
    "JSON file with every service's Ed25519 public keys: {\"gateway\": [\"base64\"]}.")

  /// File with the service's private key.
  package var privateKeyFile: String
  /// File with the public keys of the suite's services.
  package var publicKeysFile: String
  /// Where each service is; those without an address are left out.
  package var peers: [ServiceName: [HostPort]]

  /// Reads the configuration; ``KeyRing`` reads the files.
  ///
  /// - Throws: ``ConfigurationError``.
  package init(from settings: Settings) throws {
    privateKeyFile = try settings.get(Self.privateKeyFile)
    publicKeysFile = try settings.get(Self.publicKeysFile)
    peers = [:]
    for service in ServiceName.allCases {
      let addresses = try settings.get(Self.peer(service))
      if !addresses.isEmpty {
        peers[service] = addresses
      }
    }
  }

  /// The addresses of a service's copies, such as `peers.profiles`. Default none.
  package static func peer(_ service: ServiceName) -> Setting<[HostPort]> {
    Setting(addresses: "peers.\(service)", default: [], "Addresses of the gRPC servers of \(service).")
  }
}
