internal import Messages
internal import RPC
internal import ServiceKit

/// The services that scenarios listen to and act on. A suite may run without some of them.
struct Neighbours: Sendable {
  /// The longest that a call of a job waits for its answer.
  static let patience = Duration.seconds(10)

  let profiles: Peer
  let tables: Peer?
  let forms: Peer?
  let messaging: Peer?

  /// - Throws: ``ConfigurationError`` without an address of Profiles.
  init(_ context: ServiceContext) throws {
    func neighbour(_ service: ServiceName) throws -> Peer? {
      try context.peerIfPresent(service, patience: Self.patience)
    }
    try self.init(
      profiles: context.peer(.profiles, patience: Self.patience), tables: neighbour(.dataTables),
      forms: neighbour(.forms), messaging: neighbour(.messaging))
  }

  init(profiles: Peer, tables: Peer?, forms: Peer?, messaging: Peer?) {
    self.profiles = profiles
    self.tables = tables
    self.forms = forms
    self.messaging = messaging
  }

  /// A service that an execution needs and that may have been taken away since its scenario was defined.
  ///
  /// - Throws: ``RPCError`` UNAVAILABLE.
  static func require(_ peer: Peer?, _ service: ServiceName) throws(RPCError) -> Peer {
    guard let peer else {
      throw RPCError(.unavailable, "The suite runs without \(service). Start it.", reason: "SERVICE_ABSENT")
    }
    return peer
  }
}
