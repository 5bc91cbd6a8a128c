package import RPC

/// How a call was refused.
package struct Refusal: Equatable, Sendable {
  /// OK where it was not.
  package let code: StatusCode
  package let reason: String?
  /// The paths of the fields at fault.
  package let fields: [String]
  package let message: String

  init(_ error: RPCError?) {
    code = error?.code ?? .ok
    reason = error?.reason
    fields = error?.fieldViolations.map(\.field) ?? []
    message = error?.message ?? ""
  }

  /// Whether it is that, in whatever words.
  package func `is`(_ code: StatusCode, _ reason: String? = nil, fields: [String] = []) -> Bool {
    self.code == code && self.reason == reason && self.fields == fields
  }
}
