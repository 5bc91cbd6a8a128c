import Testing

@testable import RPC

struct StreamTableTests {
  @Test("behaves as a dictionary, whatever comes and goes")
  func model() {
    var random = SeededGenerator(seed: 42)
    var table = StreamTable<Int>()
    var model: [Int32: Int] = [:]
    for step in 0..<20_000 {
      let key = Int32.random(in: 0..<200, using: &random) * 2 + 1
      if model[key] == nil, Bool.random(using: &random) {
        table.insert(step, for: key)
        model[key] = step
      } else {
        #expect(table.remove(key) == model.removeValue(forKey: key))
      }
      let other = Int32.random(in: 0..<200, using: &random) * 2 + 1
      #expect(table[other] == model[other])
      #expect(table.count == model.count)
    }
    #expect(table.values.sorted() == model.values.sorted())
  }
}

/// Random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
