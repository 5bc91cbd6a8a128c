import Logging

/// What the connections to one address share.
struct ClientParts: Sendable {
  let address: HostPort
  let configuration: ClientConfiguration
  let logger: Logger

  /// The value of `:authority`.
  var authority: String { address.description }
}
