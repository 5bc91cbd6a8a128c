import Synchronization

/// Counts of values by fixed upper bounds, and their sum.
final class Histogram: Sendable {
  /// Upper bounds, rising; the last bucket, without a bound, takes the rest.
  let bounds: [Double]
  private let shards: [Shard]

  /// One thread's share: a count for each bucket, and the sum in 2⁻²⁰ of the unit.
  private final class Shard: Sendable {
    let counts: InlineArray<24, Atomic<Int>> = InlineArray { _ in Atomic(0) }
    let sum = Atomic<Int>(0)
    private let padding = InlineArray<14, Int>(repeating: 0)
  }

  private static let sumScale = Double(1 << 20)

  /// Upper bounds for durations, in seconds: 100 µs to 60 s.
  static let durationBounds = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]
  /// Upper bounds for sizes and numbers: powers of four from 1.
  static let sizeBounds = (0..<16).map { Double(1 << (2 * $0)) }

  /// - Parameter bounds: at most 23, rising.
  init(bounds: [Double]) {
    self.bounds = Array(bounds.prefix(23))
    shards = (0..<ThreadShard.count).map { _ in Shard() }
  }

  func record(_ value: Double) {
    guard value.isFinite else {
      return
    }
    var bucket = 0
    while bucket < bounds.count && value > bounds[bucket] {
      bucket += 1
    }
    let shard = shards[ThreadShard.current]
    shard.counts[bucket].wrappingAdd(1, ordering: .relaxed)
    let scaled = (value * Self.sumScale).rounded()
    shard.sum.wrappingAdd(Int(exactly: scaled) ?? 0, ordering: .relaxed)
  }

  /// What was recorded so far.
  func snapshot() -> (counts: [Int], sum: Double) {
    var counts = [Int](repeating: 0, count: bounds.count + 1)
    var sum = 0
    for shard in shards {
      for bucket in counts.indices {
        counts[bucket] += shard.counts[bucket].load(ordering: .relaxed)
      }
      sum &+= shard.sum.load(ordering: .relaxed)
    }
    return (counts, Double(sum) / Self.sumScale)
  }

  func reset() {
    for shard in shards {
      for bucket in 0...bounds.count {
        shard.counts[bucket].store(0, ordering: .relaxed)
      }
      shard.sum.store(0, ordering: .relaxed)
    }
  }
}
