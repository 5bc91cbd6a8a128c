import Messages

/// How a call failed: what a handler throws and what a caller catches.
///
/// ```swift
/// do { _ = try await client.call(ProfilesV1.Profiles.getProfile, request) }
/// catch let error as RPCError where error.code == .notFound { … }
/// ```
public struct RPCError: Error, Sendable {
  /// The canonical code, never `.ok`.
  public var code: StatusCode
  /// A sentence that says what to do. It travels to the caller, so it holds no personal values.
  public var message: String
  /// Machine-readable details; they travel in `grpc-status-details-bin`.
  public var details: [StatusDetail] {
    didSet { encodedDetails = nil }
  }
  /// Trailing metadata: sent beside the status, or received beside it.
  public var metadata: Metadata
  /// What led to this error here. It never travels.
  public var cause: (any Error)?
  /// The details as the peer sent them, so that a proxy passes them on byte for byte.
  var encodedDetails: [UInt8]?

  /// The `domain` of every `google.rpc.ErrorInfo` of the suite.
  public static let domain = "rapport"

  /// Builds an error with the suite's usual details.
  ///
  /// - Parameters:
  ///   - reason: A stable UPPER_SNAKE_CASE reason, sent as `google.rpc.ErrorInfo` with domain ``domain``.
  ///   - fieldViolations: What is wrong in which field, sent as `google.rpc.BadRequest`.
  ///   - resource: The name of the resource concerned, sent as `google.rpc.ResourceInfo`.
  public init(
    _ code: StatusCode, _ message: String, reason: String? = nil, fieldViolations: [FieldViolation] = [],
    resource: String? = nil, cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.metadata = Metadata()
    self.cause = cause
    details = [
      reason.flatMap { StatusDetail(GoogleRPC.ErrorInfo(reason: $0)) },
      fieldViolations.isEmpty ? nil : StatusDetail(GoogleRPC.BadRequest(fieldViolations)),
      resource.flatMap { StatusDetail(GoogleRPC.ResourceInfo(name: $0)) },
    ].compactMap { $0 }
  }

  /// An error with details made elsewhere.
  public init(code: StatusCode, message: String, details: [StatusDetail], metadata: Metadata = Metadata()) {
    self.code = code
    self.message = message
    self.details = details
    self.metadata = metadata
    self.cause = nil
  }
}

extension RPCError {
  /// The reason of the first `google.rpc.ErrorInfo` among the details.
  public var reason: String? {
    details.lazy.compactMap { $0.message(GoogleRPC.ErrorInfo.self) }.first?.reason
  }

  /// The violations of every `google.rpc.BadRequest` among the details.
  public var fieldViolations: [FieldViolation] {
    details.compactMap { $0.message(GoogleRPC.BadRequest.self) }.flatMap(\.fieldViolations)
      .map { FieldViolation(field: $0.field, description: $0.description) }
  }

  /// The resource name of the first `google.rpc.ResourceInfo` among the details.
  public var resource: String? {
    details.lazy.compactMap { $0.message(GoogleRPC.ResourceInfo.self) }.first?.resourceName
  }
}

extension RPCError: CustomStringConvertible {
  /// Code, message and cause, for logs.
  public var description: String {
    cause.map { "\(code): \(message) (cause: \($0))" } ?? "\(code): \(message)"
  }
}

extension RPCError {
  /// Gives every error a code: the one edge where foreign errors become statuses.
  ///
  /// The text of a foreign error stays in ``cause``: it may hold values that must not travel.
  init(wrapping error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case is CancellationError: self.init(.cancelled, "The call was cancelled.", cause: error)
    default: self.init(.unknown, "The call failed unexpectedly; the server's log tells why.", cause: error)
    }
  }
}
