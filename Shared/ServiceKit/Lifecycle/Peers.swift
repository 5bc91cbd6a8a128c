package import Logging
package import NIOPosix
package import RPC
import Synchronization

/// Clients of the other services, made when they are first asked for.
package final class Peers: Sendable {
  private let addresses: [ServiceName: [HostPort]]
  private let configuration: ClientConfiguration
  private let group: MultiThreadedEventLoopGroup
  private let logger: Logger
  private let clients = Mutex<[ServiceName: RPCClient]>([:])

  /// - Parameters:
  ///   - addresses: of every copy of each service.
  ///   - tls: nil: in clear.
  ///   - keepalive: the silence after which a peer is asked whether it is there, and how long it may take to answer.
  package init(
    addresses: [ServiceName: [HostPort]], tls: ClientTLS? = nil, keepalive: Duration = .seconds(15),
    group: MultiThreadedEventLoopGroup, logger: Logger
  ) {
    self.addresses = addresses
    var configuration = ClientConfiguration(tls: tls)
    // A follower's stream may be silent for long; this tells a silent peer from one that is gone.
    configuration.keepaliveTime = keepalive
    configuration.keepaliveTimeout = keepalive
    // A peer that starts again is a few machines away at most, and calls wait for it.
    configuration.maxBackOff = .seconds(1)
    self.configuration = configuration
    self.group = group
    self.logger = logger
  }

  /// The client of a service, shared by all who ask.
  ///
  /// - Throws: ``ConfigurationError`` when no address of the service is configured.
  package func client(of service: ServiceName) throws -> RPCClient {
    guard let addresses = addresses[service] else {
      throw ConfigurationError("peers.\(service) is missing: this program calls \(service).")
    }
    return clients.withLock { clients in
      if let known = clients[service] {
        return known
      }
      let client = RPCClient(addresses: addresses, configuration: configuration, group: group, logger: logger)
      clients[service] = client
      return client
    }
  }

  /// Closes all clients.
  package func close() async {
    for client in clients.withLock({ Array($0.values) }) {
      await client.close()
    }
  }
}
