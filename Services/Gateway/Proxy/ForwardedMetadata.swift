import RPC
import ServiceKit

/// The metadata that a service gets with a call that the gateway passes on.
enum ForwardedMetadata {
  /// The address that the call came from, for the audit.
  static let peer = "rapport-peer"

  /// The caller's own metadata without its credentials and without what only the suite may say, then the principal.
  static func of(_ call: Call, principal: Metadata) -> Metadata {
    var metadata = Metadata()
    // Room for all, with the two names and values that are added last.
    metadata.reserve(
      fields: call.metadata.count + principal.count + 2, bytes: call.metadata.size + principal.size + 128)
    metadata.append(contentsOf: call.metadata) { !isStripped($0) }
    metadata.append(contentsOf: principal)
    metadata.append("x-request-id", call.id)
    metadata.append(peer, call.peer)
    return metadata
  }

  private static func isStripped(_ name: ArraySlice<UInt8>) -> Bool {
    name.starts(with: "rapport-".utf8) || own.contains { name.elementsEqual($0) }
  }

  private static let own = ["authorization", "cookie", "proxy-authorization", "user-agent", "x-request-id"]
    .map { Array($0.utf8) }
}
