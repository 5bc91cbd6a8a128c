package import CoreMetrics
import Synchronization

/// The process's metrics: the swift-metrics backend, and what ``prometheusText()`` shows.
///
/// Two metrics with the same label and dimensions are one. Recording takes no lock.
package final class MetricsRegistry: MetricsFactory {
  /// Series that one label may have. Past it, further dimensions share a series with the dimension `overflow`, so that
  /// a dimension with too many values cannot fill the memory.
  package static let seriesLimit = 1_000

  enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  enum Handler: Sendable {
    case counter(CountHandler)
    case gauge(GaugeHandler)
    case histogram(HistogramHandler)
  }

  /// All series of one label.
  struct Family: Sendable {
    var kind: Kind
    var series: [Dimensions: Handler] = [:]
  }

  struct Dimensions: Hashable, Sendable {
    var pairs: [String]

    init(_ dimensions: [(String, String)]) {
      pairs = dimensions.flatMap { [$0.0, $0.1] }
    }
  }

  private let families = Mutex<[String: Family]>([:])

  /// An empty registry.
  package init() {}

  func snapshot() -> [String: Family] {
    families.withLock { $0 }
  }

  private func handler(
    _ label: String, _ dimensions: [(String, String)], _ kind: Kind, make: () -> Handler
  ) -> Handler? {
    families.withLock { families in
      var family = families[label] ?? Family(kind: kind)
      guard family.kind == kind else {
        return nil
      }
      var key = Dimensions(dimensions)
      if let known = family.series[key] {
        return known
      }
      if family.series.count >= Self.seriesLimit {
        key = Dimensions([("overflow", "true")])
        if let known = family.series[key] {
          return known
        }
      }
      let made = make()
      family.series[key] = made
      families[label] = family
      return made
    }
  }
}

// swift-metrics asks for a handler and cannot be refused: a label that is in use for another kind of metric gets one
// that is shown nowhere.
extension MetricsRegistry {
  /// The counter of a label and dimensions.
  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    if case .counter(let known)? = handler(label, dimensions, .counter, make: { .counter(CountHandler()) }) {
      return known
    }
    return CountHandler()
  }

  /// The histogram of a label and dimensions, or the gauge when values are not to be aggregated.
  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    if aggregate {
      return histogram(label, dimensions, bounds: Histogram.sizeBounds)
    }
    return gauge(label, dimensions)
  }

  /// The gauge of a label and dimensions.
  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    gauge(label, dimensions)
  }

  /// The histogram of durations of a label and dimensions, shown in seconds.
  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions, bounds: Histogram.durationBounds)
  }

  /// Nothing: series live as long as the process, since a counter that vanishes and comes back looks like a restart.
  package func destroyCounter(_ handler: any CounterHandler) {}
  /// Nothing, as for counters.
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  /// Nothing, as for counters.
  package func destroyMeter(_ handler: any MeterHandler) {}
  /// Nothing, as for counters.
  package func destroyTimer(_ handler: any TimerHandler) {}

  private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeHandler {
    if case .gauge(let known)? = handler(label, dimensions, .gauge, make: { .gauge(GaugeHandler()) }) {
      return known
    }
    return GaugeHandler()
  }

  private func histogram(_ label: String, _ dimensions: [(String, String)], bounds: [Double]) -> HistogramHandler {
    let known = handler(label, dimensions, .histogram, make: { .histogram(HistogramHandler(bounds: bounds)) })
    if case .histogram(let known)? = known {
      return known
    }
    return HistogramHandler(bounds: bounds)
  }
}
