import CoreMetrics
import Messages
import RPC
import ServiceKit
import Testing

@Suite("Metrics")
struct MetricsTests {
  @Test("no count is lost between threads")
  func threads() async {
    let registry = MetricsRegistry()
    let counter = Counter(label: "c_total", dimensions: [], factory: registry)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<16 {
        group.addTask { for _ in 0..<1_000 { counter.increment() } }
      }
    }
    #expect(registry.prometheusText() == "# TYPE c_total counter\nc_total 16000\n")
  }

  @Test("buckets count up, and a value on a bound is within it")
  func buckets() {
    let registry = MetricsRegistry()
    let timer = Timer(label: "t_seconds", dimensions: [("method", "/a/B")], factory: registry)
    timer.recordNanoseconds(1_000_000)
    timer.recordNanoseconds(1_000_001)
    timer.recordNanoseconds(3_600_000_000_000)
    let text = registry.prometheusText()
    #expect(text.contains("t_seconds_bucket{method=\"/a/B\",le=\"0.0005\"} 0\n"))
    #expect(text.contains("t_seconds_bucket{method=\"/a/B\",le=\"0.001\"} 1\n"))
    #expect(text.contains("t_seconds_bucket{method=\"/a/B\",le=\"0.0025\"} 2\n"))
    #expect(text.contains("t_seconds_bucket{method=\"/a/B\",le=\"60.0\"} 2\n"))
    #expect(text.contains("t_seconds_bucket{method=\"/a/B\",le=\"+Inf\"} 3\n"))
    #expect(text.contains("t_seconds_count{method=\"/a/B\"} 3\n"))
  }

  @Test("a dimension with too many values shares one series from the limit on")
  func overflow() {
    let registry = MetricsRegistry()
    for number in 0..<(MetricsRegistry.seriesLimit + 50) {
      Counter(label: "c", dimensions: [("n", "\(number)")], factory: registry).increment()
    }
    #expect(registry.prometheusText().contains("c{overflow=\"true\"} 50\n"))
  }

  @Test("a gauge goes up and down")
  func gauge() {
    let registry = MetricsRegistry()
    let gauge = Meter(label: "g", dimensions: [], factory: registry)
    gauge.set(2.5)
    gauge.increment(by: 1)
    gauge.decrement(by: 3)
    #expect(registry.prometheusText() == "# TYPE g gauge\ng 0.5\n")
  }

  @Test("a label in use for one kind of metric is not shown as another")
  func kinds() {
    let registry = MetricsRegistry()
    Counter(label: "x", dimensions: [], factory: registry).increment()
    Meter(label: "x", dimensions: [], factory: registry).set(7)
    #expect(registry.prometheusText() == "# TYPE x counter\nx 1\n")
  }

  @Test("a relayed call counts once it has ended, and not at all when it is left to the handler")
  func relayed() throws {
    let registry = MetricsRegistry()
    let method = AccessV1.AccessService.getEntity.info
    let metrics = CallMetrics(methods: [method], factory: registry, time: SystemTime())
    let call = Call(
      method: method, path: method.path, metadata: Metadata(), peer: "", serial: CallSerial(connection: 1, stream: 1))
    metrics.relayBegan(call)
    #expect(registry.prometheusText().contains("rpc_server_calls_open 1"))
    metrics.relayEnded(call, nil, after: .seconds(1))
    #expect(!registry.prometheusText().contains("rpc_server_calls_total{"))
    for code in [StatusCode.ok, .unavailable] {
      metrics.relayBegan(call)
      metrics.relayEnded(call, code, after: .milliseconds(1_500))
    }
    let text = registry.prometheusText()
    for code in ["OK", "UNAVAILABLE"] {
      #expect(text.contains("rpc_server_calls_total{method=\"\(method.path)\",code=\"\(code)\"} 1\n"))
    }
    #expect(text.contains("rpc_server_calls_open 0"))
    #expect(text.contains("rpc_server_call_seconds_sum{method=\"\(method.path)\"} 3.0\n"))
  }
}
