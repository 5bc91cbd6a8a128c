import CoreMetrics
import Foundation
import HTTP
import Logging
import NIOCore
import NIOPosix
import ServiceKit

// Serves the admin pages with metrics that are awkward to write, says where, and runs until its input ends.
let registry = MetricsRegistry()
Counter(label: "plain_total", dimensions: [], factory: registry).increment(by: 3)
Counter(
  label: "awkward.name-total", dimensions: [("a-b", "quote\" slash\\ line\nend é"), ("2nd", "")], factory: registry
).increment()
for (index, value) in [0.5, -3, .infinity, 1e300].enumerated() {
  Meter(label: "gauge", dimensions: [("index", "\(index)")], factory: registry).set(value)
}
let timer = Timer(label: "call_seconds", dimensions: [("method", "/a.B/C")], factory: registry)
for milliseconds in [1, 2, 30, 100_000] as [Int64] {
  timer.recordNanoseconds(milliseconds * 1_000_000)
}
Recorder(label: "rows", dimensions: [], aggregate: true, factory: registry).record(1_000)

let readiness = Readiness(time: SystemTime())
let server = HTTPServer(
  routes: AdminPages(readiness: readiness, metrics: registry).routes,
  configuration: HTTPServerConfiguration(host: "127.0.0.1", port: 0), group: .singleton,
  logger: Logger(label: "metrics-page"))
// Not print, which keeps what it is given while the reader is a pipe.
let port = try await server.start().port ?? 0
FileHandle.standardOutput.write(Data("\(port)\n".utf8))
while readLine() != nil {
  readiness.enter(.ready)
}
await server.drain(grace: .zero)
