import Messages
package import RPC
import Synchronization
import Values

/// A service's own voice: signs who it is, for which entity, and on behalf of what it acts, for the services it calls.
package final class WorkloadIdentity: Sendable {
  /// How long a workload principal holds.
  package static let life = Duration.seconds(300)

  private let signer: PrincipalSigner
  private let time: any TimeSource
  private let signed: Mutex<RecentCache<Claim, Signed>>

  private struct Claim: Hashable, Sendable {
    var audience: ServiceName
    var scope: WorkloadScope
    var onBehalfOf: String
  }

  private struct Signed: Sendable {
    var bytes: [UInt8]
    /// Before that, on a clock that was set back, nobody believes it.
    var signedAt: Timestamp
    var renewAt: Timestamp
  }

  /// The voice of the service whose key signs.
  package init(signer: PrincipalSigner, time: any TimeSource) {
    self.signer = signer
    self.time = time
    signed = Mutex(RecentCache(capacity: 2_000))
  }

  /// Metadata for calls of one service.
  ///
  /// - Parameters:
  ///   - audience: the service that is called.
  ///   - scope: the entity that the work is about.
  ///   - onBehalfOf: what the work is done for, for the audit: `scenarios/7/executions/42`. Never a personal value.
  /// - Complexity: a signature (some 30 µs) when the same claim was not signed in the last minutes.
  package func metadata(
    for audience: ServiceName, scope: WorkloadScope, onBehalfOf: String = ""
  ) throws -> Metadata {
    let claim = Claim(audience: audience, scope: scope, onBehalfOf: onBehalfOf)
    let now = time.now
    var metadata = Metadata()
    if let known = signed.withLock({ $0[claim] }), (known.signedAt..<known.renewAt).contains(now) {
      metadata.append(PrincipalMetadata.name, bytes: known.bytes)
      return metadata
    }
    let bytes = try signer.sign(principal(claim, now: now))
    signed.withLock { $0[claim] = Signed(bytes: bytes, signedAt: now, renewAt: now.advanced(by: Self.life / 2)) }
    metadata.append(PrincipalMetadata.name, bytes: bytes)
    return metadata
  }

  private func principal(_ claim: Claim, now: Timestamp) -> Principal {
    var principal = Principal(
      kind: .service, subject: signer.service.rawValue, signer: signer.service, notBefore: now,
      expires: now.advanced(by: Self.life), audience: claim.audience, onBehalfOf: claim.onBehalfOf)
    switch claim.scope {
    case .entities(let entities):
      principal.entities = entities
    case .allEntities:
      principal.grants = [Principal.Grant(entity: nil, module: .all, rights: [.internal])]
    }
    return principal
  }
}

/// The entities that a service's work is about.
package enum WorkloadScope: Hashable, Sendable {
  /// These; their names too where the called service resolves names.
  case entities([Principal.Entity])
  /// All, for work of no single entity such as following a log.
  case allEntities
}
