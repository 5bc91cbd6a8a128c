package import Logging
package import RPC
package import ServiceKit

/// The services behind the gateway, and a client for each.
package struct Backends: Sendable {
  private let clients: [ServiceName: RPCClient]

  /// Clients of services; nothing connects yet.
  ///
  /// - Parameter addresses: of each service's copies. One without addresses is not part of this deployment.
  package init(
    addresses: [ServiceName: [HostPort]], configuration: ClientConfiguration = ClientConfiguration(), logger: Logger
  ) {
    clients = addresses.filter { $0.key != .gateway && !$0.value.isEmpty }.mapValues { addresses in
      RPCClient(addresses: addresses, configuration: configuration, logger: logger)
    }
  }

  /// The client of a service; nil where the deployment has none.
  package subscript(service: ServiceName) -> RPCClient? { clients[service] }

  /// The services that there are.
  package var services: [ServiceName] { clients.keys.sorted { $0.rawValue < $1.rawValue } }

  /// Closes all connections; calls under way fail.
  package func close() async {
    await withTaskGroup(of: Void.self) { tasks in
      for client in clients.values { tasks.addTask { await client.close() } }
    }
  }
}
