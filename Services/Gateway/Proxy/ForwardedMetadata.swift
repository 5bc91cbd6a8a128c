import RPC
import ServiceKit

/// The metadata that a service gets with a call that the gateway passes on.
enum ForwardedMetadata {
  /// The address that the call came from, for the audit.
  static let peer = "rapport-peer"

  /// The caller's own metadata without its credentials and without what only the suite may say, then the principal.
  static func of(_ call: Call, principal: Metadata) -> Metadata {
    var metadata = call.metadata
    for name in Set(metadata.all.map(\.name)) where isStripped(name) { metadata.removeAll(name) }
    metadata.append(contentsOf: principal)
    metadata.append("x-request-id", call.id)
    metadata.append(peer, call.peer)
    return metadata
  }

  private static func isStripped(_ name: String) -> Bool {
    let own = ["authorization", "cookie", "proxy-authorization", "user-agent", "x-request-id"]
    return name.hasPrefix("rapport-") || own.contains(name)
  }
}
