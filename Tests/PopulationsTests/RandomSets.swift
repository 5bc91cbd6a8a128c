/// Repeatable chance for tests.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) << 32 | (state >> 11) & 0xFFFF_FFFF
  }

  /// A set of one of the shapes that Roaring keeps in different ways: sparse, dense, in runs, at the edges.
  mutating func set() -> Set<UInt32> {
    var set: Set<UInt32> = []
    for _ in 0..<Int.random(in: 0...4, using: &self) {
      let base = UInt32.random(in: 0...4, using: &self) << 16
      switch Int.random(in: 0..<4, using: &self) {
      case 0:
        for _ in 0..<Int.random(in: 1...300, using: &self) { set.insert(base + .random(in: 0...0xFFFF, using: &self)) }
      case 1:
        for _ in 0..<6_000 { set.insert(base + .random(in: 0...0xFFFF, using: &self)) }
      case 2:
        let start = base + .random(in: 0...0xFFFF, using: &self)
        set.formUnion(start...(start + .random(in: 0...70_000, using: &self)))
      default:
        set.formUnion([0, base, base + 0xFFFF, .max, .max - 1])
      }
    }
    return set
  }
}
