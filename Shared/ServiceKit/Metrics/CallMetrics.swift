package import CoreMetrics
package import Messages
package import RPC
import Synchronization

/// Counts the calls of a server by method and status, and how long they took.
///
/// - `rpc_server_calls_total{method,code}`: calls that ended.
/// - `rpc_server_call_seconds{method}`: from the first interceptor to the outcome; for a stream, its whole length.
/// - `rpc_server_calls_open`: calls that run now.
///
/// It stands first among the interceptors, so that refusals count too. Unknown paths share the method `unknown`: they
/// are the caller's text.
package final class CallMetrics: ServerInterceptor {
  private let time: any TimeSource
  private let open: Meter
  private let methods: [String: MethodMetrics]
  private let unknown: MethodMetrics

  /// - Parameter methods: those that the server serves.
  package init(methods: [MethodInfo], factory: any MetricsFactory, time: any TimeSource) {
    self.time = time
    open = Meter(label: "rpc_server_calls_open", dimensions: [], factory: factory)
    unknown = MethodMetrics(method: "unknown", factory: factory)
    self.methods = Dictionary(
      methods.map { ($0.path, MethodMetrics(method: $0.path, factory: factory)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Times the call and counts its outcome.
  package func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
    let start = time.monotonic
    open.increment(by: 1)
    defer { open.decrement(by: 1) }
    do {
      try await next(call)
      record(call, .ok, after: time.monotonic - start)
    } catch {
      record(call, (error as? RPCError)?.code ?? .unknown, after: time.monotonic - start)
      throw error
    }
  }

  /// The same for a call that is relayed.
  package func relayBegan(_ call: Call) {
    open.increment(by: 1)
  }

  /// Counts the outcome of a relayed call, unless its handler's is to come.
  package func relayEnded(_ call: Call, _ code: StatusCode?, after time: Duration) {
    open.decrement(by: 1)
    if let code { record(call, code, after: time) }
  }

  private func record(_ call: Call, _ code: StatusCode, after time: Duration) {
    let metrics = call.method.flatMap { methods[$0.path] } ?? unknown
    metrics.timer.recordNanoseconds(time.wholeNanoseconds)
    metrics.counter(code).increment()
  }
}

/// What is kept of one method. A code's counter is made when it first comes, so that a page lists only codes that came.
private final class MethodMetrics: Sendable {
  let timer: Timer
  private let method: String
  private let factory: any MetricsFactory
  private let counters: InlineArray<17, AtomicLazyReference<Counter>> = InlineArray { _ in AtomicLazyReference() }

  init(method: String, factory: any MetricsFactory) {
    self.method = method
    self.factory = factory
    timer = Timer(label: "rpc_server_call_seconds", dimensions: [("method", method)], factory: factory)
  }

  func counter(_ code: StatusCode) -> Counter {
    let index = (0..<17).contains(code.rawValue) ? code.rawValue : StatusCode.unknown.rawValue
    if let known = counters[index].load() {
      return known
    }
    // Two threads may make it at once; the registry gives both the same series.
    return counters[index].storeIfNil(
      Counter(
        label: "rpc_server_calls_total", dimensions: [("method", method), ("code", "\(code)")], factory: factory))
  }
}

extension Duration {
  /// Whole nanoseconds; a duration of more than 292 years is cut to that.
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? (seconds < 0 ? .min : .max) : sum
  }
}
