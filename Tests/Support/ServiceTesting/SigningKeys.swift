import Crypto
import Messages
import RPC
import ServiceKit

/// A key of each service of the suite, all of which trust each other.
struct SigningKeys: Sendable {
  private let keys = Dictionary(
    uniqueKeysWithValues: ServiceName.allCases.map { ($0, Curve25519.Signing.PrivateKey()) })

  /// Whom every server trusts.
  var trusted: [ServiceName: [Curve25519.Signing.PublicKey]] { keys.mapValues { [$0.publicKey] } }

  /// Signs as a service does.
  func signer(_ service: ServiceName) throws -> PrincipalSigner {
    guard let key = keys[service] else { throw RPCError(.internal, "There is no key of \(service).") }
    return PrincipalSigner(service: service, key: key)
  }
}
