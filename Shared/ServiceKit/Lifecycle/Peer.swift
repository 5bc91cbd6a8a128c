package import Messages
package import RPC

/// Another service, as this one calls it: always for one entity, and on behalf of something.
package struct Peer: Sendable {
  /// Whom it calls.
  package let service: ServiceName
  /// How it is reached; for a stream, which ``call(_:_:entity:onBehalfOf:deadline:)`` does not make.
  package let client: RPCClient
  private let identity: WorkloadIdentity
  private let patience: Duration

  /// A service to call.
  ///
  /// - Parameter patience: how long a call that serves no other call may take.
  package init(service: ServiceName, client: RPCClient, identity: WorkloadIdentity, patience: Duration = .seconds(30)) {
    self.service = service
    self.client = client
    self.identity = identity
    self.patience = patience
  }

  /// Calls for an entity.
  ///
  /// - Parameters:
  ///   - onBehalfOf: what the call is made for, for the audit.
  ///   - deadline: of the call that is being served; nil for a job's.
  package func call<Request, Response>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, entity: Principal.Entity, onBehalfOf: String = "",
    deadline: Deadline? = nil
  ) async throws -> Response {
    var options = CallOptions()
    options.deadline = deadline
    options.metadata = try identity.metadata(for: service, scope: .entities([entity]), onBehalfOf: onBehalfOf)
    if deadline == nil { options.timeout = patience }
    return try await client.call(method, request, options: options)
  }
}
