import RPC
import ServiceKit

/// Holds the gateway's own methods to their rules before they begin: a token where one is needed, the rule's right in at
/// least one entity. What a request names is weighed by the method itself.
///
/// Calls that are passed on come through untouched; the proxy checks them. Health and reflection are open.
struct AccessInterceptor: ServerInterceptor {
  private let methods: PublicMethods
  private let service: AccessService

  /// An interceptor in front of the access service.
  init(methods: PublicMethods, service: AccessService) {
    self.methods = methods
    self.service = service
  }

  /// Checks the rule.
  func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
    if let method = methods[call.path], method.service == .gateway, method.need != .nothing {
      try await service.decide(call) { caller throws(RPCError) in
        if case .right(let right, let module) = method.need, !caller.allowsSomewhere(right, of: module) {
          throw .permissionDenied(right, of: module)
        }
      }
    }
    try await next(call)
  }
}
