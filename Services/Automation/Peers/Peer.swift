internal import Messages
internal import RPC
internal import ServiceKit

/// Another service, as this one calls it: always for one entity, and on behalf of something.
struct Peer: Sendable {
  /// The longest that a call of a job waits for its answer.
  static let patience = Duration.seconds(10)

  let service: ServiceName
  let client: RPCClient
  let identity: WorkloadIdentity

  /// - Parameters:
  ///   - onBehalfOf: what the call is made for, for the audit.
  ///   - deadline: of the call being served; nil for a job's.
  func call<Request, Response>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, entity: Principal.Entity, onBehalfOf: String = "",
    deadline: Deadline? = nil
  ) async throws -> Response {
    var options = CallOptions()
    options.deadline = deadline
    options.metadata = try identity.metadata(for: service, scope: .entities([entity]), onBehalfOf: onBehalfOf)
    if deadline == nil { options.timeout = Self.patience }
    return try await client.call(method, request, options: options)
  }
}

/// The services that scenarios listen to and act on. A suite may run without some of them.
struct Neighbours: Sendable {
  let profiles: Peer
  let tables: Peer?
  let forms: Peer?
  let messaging: Peer?

  /// - Throws: ``ConfigurationError`` without an address of Profiles.
  init(_ context: ServiceContext) throws {
    func peer(_ service: ServiceName) throws -> Peer {
      Peer(service: service, client: try context.peers.client(of: service), identity: context.workload)
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
