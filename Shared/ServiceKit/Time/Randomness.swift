/// Where a service takes chance from, so that a test can repeat it.
package protocol Randomness: Sendable {
  /// 64 unpredictable bits.
  func next() -> UInt64
}

/// The system's cryptographically secure generator.
package struct SystemRandomness: Randomness {
  /// The system's generator.
  package init() {}

  /// 64 bits fit for keys and tokens.
  package func next() -> UInt64 {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }
}

extension Randomness {
  /// Unpredictable bytes.
  package func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 7)
    while bytes.count < count {
      withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
  }

  /// A duration between the bounds, for spreading what would otherwise happen at once.
  package func duration(in range: ClosedRange<Duration>) -> Duration {
    let fraction = Double(next() >> 11) / Double(UInt64(1) << 53)
    return range.lowerBound + (range.upperBound - range.lowerBound) * fraction
  }
}
