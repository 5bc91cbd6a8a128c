package import HTTP
import NIOCore
import NIOHTTP1

/// What operators and orchestrators ask of a process, over HTTP/1.1 on a port of its own.
///
/// - `/livez`: 200 as long as the process answers at all.
/// - `/readyz`: 200 when it wants calls, else 503 and why.
/// - `/metrics`: Prometheus's text format.
package struct AdminPages: Sendable {
  private let readiness: Readiness
  private let metrics: MetricsRegistry

  /// Pages of a process.
  package init(readiness: Readiness, metrics: MetricsRegistry) {
    self.readiness = readiness
    self.metrics = metrics
  }

  /// The routes of the pages.
  package var routes: HTTPRoutes {
    var routes = HTTPRoutes()
    routes.on(.GET, "/livez") { _ in .text("The process runs.\n") }
    routes.on(.GET, "/readyz") { [readiness] _ in
      if let objection = await readiness.objection() {
        return .text(objection + "\n", status: .serviceUnavailable)
      }
      return .text("The service takes calls.\n")
    }
    routes.on(.GET, "/metrics") { [metrics] _ in
      ProcessMetrics.record(in: metrics)
      return HTTPResponse(
        .ok, headers: ["content-type": MetricsRegistry.prometheusType],
        body: .bytes(ByteBuffer(string: metrics.prometheusText())))
    }
    return routes
  }
}
