import Logging

/// What the connections to one address share.
struct ClientParts: Sendable {
  let address: HostPort
  let configuration: ClientConfiguration
  /// The contexts of the configuration's TLS, or why there can be none.
  let tls: Result<TLSContexts<ClientTLS>, any Error>?
  let logger: Logger

  /// The value of `:authority`.
  let authority: String

  init(
    address: HostPort, configuration: ClientConfiguration, tls: Result<TLSContexts<ClientTLS>, any Error>?,
    logger: Logger
  ) {
    self.address = address
    self.configuration = configuration
    self.tls = tls
    self.logger = logger
    authority = address.description
  }
}
