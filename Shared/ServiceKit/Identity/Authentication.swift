package import Logging
package import Messages
package import RPC

/// Names the caller's principal on a call.
package enum PrincipalKey: CallKey {
  /// A principal that was believed.
  package typealias Value = VerifiedPrincipal
}

extension Call {
  /// Who calls.
  ///
  /// - Throws: ``RPCError`` UNAUTHENTICATED on a method that is open to everyone, when there is no principal.
  package var principal: Principal {
    get throws(RPCError) { try verifiedPrincipal.principal }
  }

  /// What the caller sees and may do.
  ///
  /// - Throws: ``RPCError`` UNAUTHENTICATED on a method that is open to everyone, when there is no principal.
  package var access: EntityAccess {
    get throws(RPCError) { try verifiedPrincipal.access }
  }

  private var verifiedPrincipal: VerifiedPrincipal {
    get throws(RPCError) {
      guard let verified = self[PrincipalKey.self] else {
        throw .unauthenticated
      }
      return verified
    }
  }
}

/// The second lock: refuses every call without a valid principal, and every call that the method's rule does not allow it.
///
/// - Public methods need the rule's right in at least one entity, and a principal signed by the gateway: a service's own
///   opens none.
/// - Internal methods need a workload principal of a service that the rule's `callers` name.
/// - Of every request, each resource that it names is checked again: in an entity that the caller does not see it is not found.
/// - Health and reflection are open.
package struct Authentication: ServerInterceptor {
  private let verifier: PrincipalVerifier
  private let logger: Logger

  /// An interceptor that believes what a verifier believes.
  package init(verifier: PrincipalVerifier, logger: Logger) {
    self.verifier = verifier
    self.logger = logger
  }

  private static let open = [
    "/grpc.health.v1.Health/", "/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/",
  ]

  /// Checks the principal and the method's rule.
  package func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
    if !Self.open.contains(where: call.path.hasPrefix) {
      try authorize(call)
    }
    do {
      try await next(call)
    } catch let error as RPCError {
      guard let rule = call.method?.rule else { throw error }
      throw error.naming(call[NamedResourcesKey.self] ?? [], of: rule)
    }
  }

  private func authorize(_ call: Call) throws(RPCError) {
    guard let bytes = call.metadata.firstBytes(PrincipalMetadata.name) else {
      guard call.method?.rule?.right == .public else {
        throw .unauthenticated
      }
      return
    }
    let verified: VerifiedPrincipal
    do {
      verified = try verifier.verify(bytes)
    } catch {
      logger.info("principal refused", metadata: ["why": "\(error.rawValue)", "peer": "\(call.peer)"])
      throw .unauthenticated
    }
    call[PrincipalKey.self] = verified
    try check(verified, call.method?.rule)
  }

  private func check(_ verified: VerifiedPrincipal, _ rule: MethodRule?) throws(RPCError) {
    let principal = verified.principal
    // Without a rule nothing says who may call, so nobody may.
    guard let rule else {
      throw .callerNotNamed
    }
    switch rule.right {
    case .public:
      break
    case .internal:
      guard principal.kind == .service, rule.callers.contains(principal.signer.rawValue) else {
        throw .callerNotNamed
      }
    case .authenticated:
      guard principal.kind != .service else {
        throw .callerNotNamed
      }
    default:
      guard principal.kind != .service, rule.right != .unspecified else {
        throw .callerNotNamed
      }
      guard verified.access.allowsSomewhere(rule.right, of: rule.module) else {
        throw .permissionDenied(rule.right, of: rule.module)
      }
    }
  }

  /// Checks every resource that a request names.
  package func willHandle(request: some Message, call: Call) async throws {
    guard let verified = call[PrincipalKey.self], let method = call.method, let rule = method.rule else {
      return
    }
    let names = try RequestCheck(verified, method, rule).check(request)
    // A stream's first message says what the call is about.
    if call[NamedResourcesKey.self] == nil { call[NamedResourcesKey.self] = names }
  }
}
