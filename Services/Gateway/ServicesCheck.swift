import Messages
import RPC
import ServiceKit

/// Whether every service behind the gateway answers that it serves, and access is known: before that, no call should
/// come here.
struct ServicesCheck: ReadinessCheck {
  private let peers: Peers
  private let services: [ServiceName]
  private let state: AccessState

  /// How long a service may take to answer.
  private static let patience = Duration.seconds(1)

  /// - Parameter services: those that the deployment has.
  init(peers: Peers, services: [ServiceName], state: AccessState) {
    self.peers = peers
    self.services = services
    self.state = state
  }

  /// The first of what is missing.
  func objection() async -> String? {
    guard (try? state.current()) != nil else { return "Access cannot be read." }
    let silent = await withTaskGroup(of: ServiceName?.self) { checks in
      for service in services { checks.addTask { await serves(service) ? nil : service } }
      return await checks.reduce(into: [ServiceName]()) { silent, service in
        if let service { silent.append(service) }
      }
    }
    guard let first = silent.min(by: { $0.rawValue < $1.rawValue }) else { return nil }
    return "The service \(first) does not answer."
  }

  private func serves(_ service: ServiceName) async -> Bool {
    let options = CallOptions(timeout: Self.patience)
    do {
      let client = try peers.client(of: service)
      let answer = try await client.call(GRPCHealthV1.Health.check, GRPCHealthV1.HealthCheckRequest(), options: options)
      return answer.status == .serving
    } catch {
      return false
    }
  }
}
