package import Logging
package import NIOPosix
package import RPC
import Synchronization

/// Clients of the other services, made when they are first asked for.
package final class Peers: Sendable {
  private let addresses: [ServiceName: [HostPort]]
  private let group: MultiThreadedEventLoopGroup
  private let logger: Logger
  private let clients = Mutex<[ServiceName: RPCClient]>([:])

  /// - Parameter addresses: of every copy of each service.
  package init(addresses: [ServiceName: [HostPort]], group: MultiThreadedEventLoopGroup, logger: Logger) {
    self.addresses = addresses
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
      let client = RPCClient(addresses: addresses, group: group, logger: logger)
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
