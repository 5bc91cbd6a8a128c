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
    func peer(_ service: ServiceName) throws -> Peer {
      Peer(
        service: service, client: try context.peers.client(of: service), identity: context.workload,
        patience: Self.patience)
    }
    func optional(_ service: ServiceName) throws -> Peer? {
      context.configuration.identity.peers[service] == nil ? nil : try peer(service)
    }
    try self.init(
      profiles: peer(.profiles), tables: optional(.dataTables), forms: optional(.forms), messaging: optional(.messaging)
    )
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
