import Messages
import RPC
import SampleMessages
import Synchronization

/// How busy clients told this server to say that it is: `xds.service.orca.v3.OpenRcaService` (gRFC A51).
final class LoadReports: Sendable {
  /// No client gets reports more often.
  private static let minInterval = Duration.seconds(1)

  private let report = Mutex(XdsDataOrcaV3.OrcaLoadReport())

  /// Reports this from now on.
  func set(_ wish: GRPCTesting.TestOrcaReport) {
    report.withLock { $0 = XdsDataOrcaV3.OrcaLoadReport(wish) }
  }

  /// Reports now, and whenever the interval is over, until the client has enough.
  func stream(
    _ request: XdsServiceOrcaV3.OrcaLoadReportRequest,
    _ reports: ResponseWriter<XdsDataOrcaV3.OrcaLoadReport>, _ call: Call
  ) async throws {
    let wish = request.reportInterval.map { Duration.seconds($0.seconds) + .nanoseconds(Int64($0.nanos)) }
    while true {
      try await reports.send(report.withLock { $0 })
      try await Task.sleep(for: max(wish ?? Self.minInterval, Self.minInterval))
    }
  }
}

extension XdsDataOrcaV3.OrcaLoadReport {
  init(_ wish: GRPCTesting.TestOrcaReport) {
    self.init()
    cpuUtilization = wish.cpuUtilization
    memUtilization = wish.memoryUtilization
    requestCost = wish.requestCost
    utilization = wish.utilization
  }
}
