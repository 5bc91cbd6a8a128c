package import DatabaseTesting
package import Messages
package import RPC
package import ServiceKit
package import ServiceKitTesting

/// A service as its callers see it: on a stage, behind its own server.
package protocol ServiceSuite: Sendable {
  var stage: TestStage { get }
  /// Calls the service under test.
  var client: RPCClient { get }
}

extension ServiceSuite {
  package typealias Caller = ServiceTesting.Caller

  package static var b2c: Principal.Entity { .b2c }
  package static var b2b: Principal.Entity { .b2b }

  package var test: TestDatabase { stage.test }
  package var time: ManualTime { stage.time }

  /// The options that carry a caller's principal.
  package func options(_ caller: Caller) throws -> CallOptions {
    var options = CallOptions()
    let principal = caller.principal(for: stage.service, at: time)
    options.metadata.append(PrincipalMetadata.name, bytes: try stage.keys.signer(caller.signer).sign(principal))
    options.timeout = .seconds(60)
    return options
  }

  /// Calls, as who may do everything in `b2c` if nobody else is named.
  @discardableResult
  package func call<Request, Response>(
    _ method: UnaryMethod<Request, Response>, as caller: Caller = .writer([.b2c]),
    _ fill: (inout Request) throws -> Void
  ) async throws -> Response {
    var request = Request()
    try fill(&request)
    return try await client.call(method, request, options: options(caller))
  }

  /// The error that a call is refused with.
  package func refusal<Request, Response>(
    _ method: UnaryMethod<Request, Response>, as caller: Caller = .writer([.b2c]),
    _ fill: (inout Request) throws -> Void
  ) async throws -> Refusal {
    do {
      try await call(method, as: caller, fill)
      return Refusal(nil)
    } catch let error as RPCError {
      return Refusal(error)
    }
  }
}
