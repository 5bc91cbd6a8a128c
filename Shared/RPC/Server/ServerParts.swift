import Logging

/// What all connections of a server share.
struct ServerParts: Sendable {
  let routes: RouteTable
  let interceptors: [any ServerInterceptor]
  let configuration: ServerConfiguration
  let logger: Logger

  /// Logs what the caller is not told: the cause of an error of the server's own.
  func log(_ error: RPCError, _ call: Call) {
    guard let cause = error.cause, error.code == .unknown || error.code == .internal else { return }
    logger.error(
      "A handler failed.", metadata: ["path": "\(call.path)", "request_id": "\(call.id)", "error": "\(cause)"])
  }
}
