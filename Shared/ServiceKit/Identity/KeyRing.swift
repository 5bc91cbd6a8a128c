package import Crypto
import Foundation

/// A service's private key, and the public keys of all services.
package struct KeyRing: Sendable {
  /// The service's own key.
  package let own: Curve25519.Signing.PrivateKey
  /// Whose signatures are believed; several keys of one service while a key is being replaced.
  package let trusted: [ServiceName: [Curve25519.Signing.PublicKey]]

  /// Keys made elsewhere.
  package init(
    own: Curve25519.Signing.PrivateKey, trusted: [ServiceName: [Curve25519.Signing.PublicKey]]
  ) {
    self.own = own
    self.trusted = trusted
  }

  /// Reads the configured files.
  ///
  /// - Throws: ``ConfigurationError`` naming the file and what it should hold.
  package init(_ configuration: IdentityConfiguration) throws {
    own = try Self.privateKey(file: configuration.privateKeyFile)
    trusted = try Self.publicKeys(file: configuration.publicKeysFile)
  }

  private static func privateKey(file: String) throws -> Curve25519.Signing.PrivateKey {
    let secret = Secret(value: nil, file: file)
    guard let text = try secret?.value(), let bytes = Data(base64Encoded: text),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
    else {
      throw ConfigurationError.unreadable(file: file, why: "it must hold 32 bytes in base64 on its first line")
    }
    return key
  }

  private static func publicKeys(file: String) throws -> [ServiceName: [Curve25519.Signing.PublicKey]] {
    guard let data = FileManager.default.contents(atPath: file),
      let entries = try? JSONDecoder().decode([String: [String]].self, from: data)
    else {
      throw ConfigurationError.unreadable(file: file, why: "it must be JSON such as {\"gateway\": [\"base64\"]}")
    }
    var keys: [ServiceName: [Curve25519.Signing.PublicKey]] = [:]
    for (name, texts) in entries {
      guard let service = ServiceName(rawValue: name) else {
        throw ConfigurationError.unreadable(file: file, why: "the suite has no service of the name \(name)")
      }
      keys[service] = try texts.map { text in
        guard let bytes = Data(base64Encoded: text),
          let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else {
          throw ConfigurationError.unreadable(file: file, why: "a key of \(name) is not 32 bytes in base64")
        }
        return key
      }
    }
    return keys
  }
}

/// Makes the key files of a deployment.
package struct KeyFiles: Sendable {
  /// The folder; one file `<service>.key` each, and `public.json` for all.
  package let folder: String

  /// Files in a folder that exists.
  package init(folder: String) {
    self.folder = folder
  }

  /// The file of a service's private key.
  package func privateKey(of service: ServiceName) -> String { "\(folder)/\(service).key" }

  /// The file of all public keys.
  package var publicKeys: String { "\(folder)/public.json" }

  /// Makes the private keys that are missing, readable by their owner alone, and writes all public keys anew.
  ///
  /// - Throws: what the file system says; ``ConfigurationError`` when a file holds something else.
  package func prepare() throws {
    var entries: [String: [String]] = [:]
    for service in ServiceName.allCases {
      let file = privateKey(of: service)
      if !FileManager.default.fileExists(atPath: file) {
        let text = Curve25519.Signing.PrivateKey().rawRepresentation.base64EncodedString() + "\n"
        let isMade = FileManager.default.createFile(
          atPath: file, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard isMade else {
          throw ConfigurationError.unreadable(file: file, why: "it cannot be made")
        }
      }
      entries[service.rawValue] = [try KeyRing.publicKey(ofPrivate: file)]
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(entries).write(to: URL(fileURLWithPath: publicKeys), options: .atomic)
  }
}

extension KeyRing {
  fileprivate static func publicKey(ofPrivate file: String) throws -> String {
    try privateKey(file: file).publicKey.rawRepresentation.base64EncodedString()
  }
}
