import CoreMetrics
import Synchronization

/// Counts up.
final class CountHandler: CounterHandler {
  let counter = ShardedCounter()

  func increment(by amount: Int64) { counter.add(Int(amount)) }
  func reset() { counter.reset() }
}

/// A value that goes up and down.
final class GaugeHandler: MeterHandler, RecorderHandler {
  private let bits = Atomic<UInt64>(0)

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
  func increment(by amount: Double) { change { $0 + amount } }
  func decrement(by amount: Double) { change { $0 - amount } }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }

  private func change(_ change: (Double) -> Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = change(Double(bitPattern: old)).bitPattern
      let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
      if exchanged {
        return
      }
      old = original
    }
  }
}

/// Durations or sizes by bucket. Durations are exposed in seconds.
final class HistogramHandler: TimerHandler, RecorderHandler {
  let histogram: Histogram

  init(bounds: [Double]) { histogram = Histogram(bounds: bounds) }

  func recordNanoseconds(_ duration: Int64) { histogram.record(Double(duration) / 1e9) }
  func record(_ value: Int64) { histogram.record(Double(value)) }
  func record(_ value: Double) { histogram.record(value) }
}
