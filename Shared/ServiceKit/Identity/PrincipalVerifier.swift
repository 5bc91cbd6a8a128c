package import Crypto
import Messages
import Synchronization
import Values

/// Tells whether a signed principal is to be believed: by a known key, holding now, meant for this service, and claiming
/// no more than its signer may.
///
/// Verified principals are kept by all their bytes until they expire, in bounded memory, so that a call costs a look-up
/// and no signature.
package final class PrincipalVerifier: Sendable {
  /// Why a principal is refused. For logs; the caller only learns that it is.
  package enum Refusal: String, Error, Sendable, Hashable {
    /// Not the encoding of a signed principal.
    case malformed
    /// No key is known for the signer.
    case unknownSigner
    /// Signed by none of the signer's keys, or changed since.
    case badSignature
    /// The signer may not claim this kind or subject.
    case notTheSignersToClaim
    /// Made for another service.
    case otherAudience
    /// Not yet, or no longer.
    case notInForce
    /// Meant to hold longer than any principal may.
    case holdsTooLong
  }

  /// The longest that a principal may hold.
  package static let longestLife = Duration.seconds(3_600)
  /// How far a signer's clock may be ahead of ours.
  package static let clockTolerance = Duration.seconds(5)

  private let service: ServiceName
  private let keys: [ServiceName: [Curve25519.Signing.PublicKey]]
  private let time: any TimeSource
  private let verified: Mutex<RecentCache<SignedBytes, VerifiedPrincipal>>

  /// - Parameters:
  ///   - service: the service that verifies.
  ///   - keys: every signer's public keys; more than one while a key is being replaced.
  ///   - capacity: principals kept at once, at least 2.
  package init(
    service: ServiceName, keys: [ServiceName: [Curve25519.Signing.PublicKey]], time: any TimeSource,
    capacity: Int = 20_000
  ) {
    self.service = service
    self.keys = keys
    self.time = time
    verified = Mutex(RecentCache(capacity: capacity))
  }

  /// The principal of signed bytes.
  ///
  /// - Throws: ``Refusal``.
  package func verify(_ bytes: [UInt8]) throws(Refusal) -> VerifiedPrincipal {
    let key = SignedBytes(bytes: bytes)
    let now = time.now
    if let known = verified.withLock({ $0[key] }) {
      guard now < known.principal.expires else {
        throw .notInForce
      }
      return known
    }
    let principal = try check(bytes)
    guard now < principal.expires, principal.notBefore <= now.advanced(by: Self.clockTolerance) else {
      throw .notInForce
    }
    let result = VerifiedPrincipal(principal)
    verified.withLock { $0[key] = result }
    return result
  }

  /// All that does not depend on the clock.
  private func check(_ bytes: [UInt8]) throws(Refusal) -> Principal {
    guard let signed = try? InternalV1.SignedPrincipal(decoding: bytes),
      let principal = try? Principal(encoded: signed.principal)
    else {
      throw .malformed
    }
    guard let keys = keys[principal.signer], !keys.isEmpty else {
      throw .unknownSigner
    }
    let message = PrincipalMetadata.domain + signed.principal
    guard keys.contains(where: { $0.isValidSignature(signed.signature, for: message) }) else {
      throw .badSignature
    }
    guard Self.mayClaim(principal) else {
      throw .notTheSignersToClaim
    }
    guard principal.audience == nil ? principal.kind != .service : principal.audience == service else {
      throw .otherAudience
    }
    guard principal.expires.duration(since: principal.notBefore) <= Self.longestLife else {
      throw .holdsTooLong
    }
    return principal
  }

  /// Users, API keys and links are the gateway's to vouch for; a service speaks for itself alone.
  private static func mayClaim(_ principal: Principal) -> Bool {
    switch principal.kind {
    case .user, .apiKey, .link: principal.signer == .gateway
    case .service: principal.subject == principal.signer.rawValue
    }
  }
}

/// A principal that was believed, with what it allows at hand.
package final class VerifiedPrincipal: Sendable {
  /// Who calls.
  package let principal: Principal
  /// What it sees and may do.
  package let access: EntityAccess

  init(_ principal: Principal) {
    self.principal = principal
    access = EntityAccess(principal)
  }
}

/// The bytes of a signed principal as a key. All of them are compared; hashing the signature's end alone is enough, since
/// only verified bytes are kept.
private struct SignedBytes: Hashable, Sendable {
  let bytes: [UInt8]

  func hash(into hasher: inout Hasher) {
    for byte in bytes.suffix(16) {
      hasher.combine(byte)
    }
  }
}
