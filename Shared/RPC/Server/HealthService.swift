public import Messages
import Synchronization

/// `grpc.health.v1.Health`: tells whether each service serves. The server as a whole has the empty name.
///
/// Safe to use from any task. A service that was never set is not known.
public final class HealthService: Sendable {
  /// How a service fares.
  public typealias Status = GRPCHealthV1.HealthCheckResponse.ServingStatus

  fileprivate struct Watcher {
    let service: String
    let statuses: AsyncStream<Status>.Continuation
  }

  fileprivate struct State {
    var statuses: [String: Status] = [:]
    var watchers: [Int: Watcher] = [:]
    var lastWatcher = 0
    var isShutDown = false
  }

  private let state = Mutex(State())

  /// Knows no service yet.
  public init() {}

  /// Sets a service's status and tells those who watch it. Without effect after ``shutDown()``.
  public func set(_ status: Status, of service: String = "") {
    state.withLock { state in
      guard !state.isShutDown else { return }
      state.set(status, of: service)
    }
  }

  /// Sets all services to not serving, for good, and ends all watching: to be called before the server drains, which
  /// waits for every call.
  public func shutDown() {
    state.withLock { state in
      state.isShutDown = true
      for service in state.statuses.keys { state.set(.notServing, of: service) }
      for watcher in state.watchers.values { watcher.statuses.finish() }
    }
  }

  func check(_ request: GRPCHealthV1.HealthCheckRequest) throws -> GRPCHealthV1.HealthCheckResponse {
    guard let status = state.withLock({ $0.statuses[request.service] }) else {
      throw RPCError(.notFound, "There is no service \"\(request.service)\" here.")
    }
    return Self.response(status)
  }

  func list() -> GRPCHealthV1.HealthListResponse {
    var response = GRPCHealthV1.HealthListResponse()
    response.statuses = state.withLock { $0.statuses }.mapValues(Self.response)
    return response
  }

  /// Sends the service's status now and whenever it changes; a slow reader gets the latest only.
  func watch(
    _ request: GRPCHealthV1.HealthCheckRequest, _ responses: ResponseWriter<GRPCHealthV1.HealthCheckResponse>
  ) async throws {
    let (statuses, number) = addWatcher(of: request.service)
    defer { state.withLock { _ = $0.watchers.removeValue(forKey: number) } }
    var last: Status?
    for await status in statuses where status != last {
      try await responses.send(Self.response(status))
      last = status
    }
    try Task.checkCancellation()
    throw RPCError(.unavailable, "The server is shutting down.")
  }

  private func addWatcher(of service: String) -> (AsyncStream<Status>, Int) {
    let (statuses, continuation) = AsyncStream.makeStream(of: Status.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.lastWatcher += 1
      state.watchers[state.lastWatcher] = Watcher(service: service, statuses: continuation)
      continuation.yield(state.statuses[service] ?? .serviceUnknown)
      if state.isShutDown { continuation.finish() }
      return state.lastWatcher
    }
    return (statuses, number)
  }

  private static func response(_ status: Status) -> GRPCHealthV1.HealthCheckResponse {
    var response = GRPCHealthV1.HealthCheckResponse()
    response.status = status
    return response
  }
}

extension HealthService.State {
  fileprivate mutating func set(_ status: HealthService.Status, of service: String) {
    statuses[service] = status
    for watcher in watchers.values where watcher.service == service { watcher.statuses.yield(status) }
  }
}
