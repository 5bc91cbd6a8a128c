extension Population {
  /// Some of the profiles at random, the same ones for the same seed.
  ///
  /// A seed puts all numbers there are into one order, and a sample takes those that come first. So a larger sample of
  /// the same seed contains the smaller, and a profile that comes or goes moves at most one other.
  ///
  /// - Parameter size: at most so many; everybody when there are no more.
  /// - Complexity: two passes over the population, and a constant 512 KiB.
  package func sample(_ size: Int, seed: Int64) -> Population {
    if size <= 0 { return .empty }
    if size >= count { return self }
    let order = RandomOrder(seed: seed)
    // A first pass counts by the leading bits of each place, so that the second need only sort those at the border.
    var counts = [Int](repeating: 0, count: 1 << 16)
    for id in self { counts[order.slot(of: id)] += 1 }
    var missing = size
    var border = 0
    while counts[border] <= missing {
      missing -= counts[border]
      border += 1
    }
    var chosen: [UInt32] = []
    var undecided: [UInt32] = []
    chosen.reserveCapacity(size)
    for id in self {
      let slot = order.slot(of: id)
      if slot < border { chosen.append(id) } else if slot == border { undecided.append(id) }
    }
    undecided.sort { order.place(of: $0) < order.place(of: $1) }
    return Population(chosen + undecided.prefix(missing))
  }

  /// A share of the profiles at random, the same ones for the same seed, rounded up.
  ///
  /// - Parameter percent: above 0 and up to 100.
  package func sample(percent: Double, seed: Int64) -> Population {
    sample(Int((Double(count) * percent / 100).rounded(.up)), seed: seed)
  }

  /// The profiles in the random order of a seed, as far as `limit`.
  package func shuffled(seed: Int64, limit: Int) -> [UInt32] {
    let order = RandomOrder(seed: seed)
    return sample(limit, seed: seed).sorted { order.place(of: $0) < order.place(of: $1) }
  }
}

/// Puts all numbers into an order that looks random and depends on the seed alone.
///
/// The mixing is SplitMix64's (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014), a bijection
/// of 64 bits, so that no two numbers share a place.
private struct RandomOrder {
  private let start: UInt64

  init(seed: Int64) {
    start = Self.mix(UInt64(bitPattern: seed))
  }

  func place(of id: UInt32) -> UInt64 {
    Self.mix(start &+ UInt64(id))
  }

  func slot(of id: UInt32) -> Int {
    Int(place(of: id) >> 48)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var mixed = value &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
