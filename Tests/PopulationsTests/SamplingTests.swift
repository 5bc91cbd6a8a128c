import Populations
import Testing

@Suite("Samples of a population")
struct SamplingTests {
  private let population = Population((1...UInt32(30_000)).filter { $0 % 3 != 0 })

  @Test("have the size asked for and come from the population", arguments: [0, 1, 2, 999, 19_999, 20_000, 50_000])
  func size(size: Int) {
    let sample = population.sample(size, seed: 7)
    #expect(sample.count == min(size, 20_000))
    #expect(sample.isSubset(of: population))
  }

  @Test("are the same for the same seed and differ between seeds")
  func seeds() {
    #expect(population.sample(500, seed: 1) == population.sample(500, seed: 1))
    #expect(population.sample(500, seed: 1) != population.sample(500, seed: 2))
  }

  @Test("contain the smaller ones of the same seed")
  func nested() {
    #expect(population.sample(100, seed: 5).isSubset(of: population.sample(101, seed: 5)))
  }

  @Test("change by one profile at most when one profile goes")
  func stable() {
    let before = population.sample(1_000, seed: 3)
    let gone = before.ids(limit: 500).last ?? 0
    let after = population.subtracting([gone]).sample(1_000, seed: 3)
    #expect(after.subtracting(before).count == 1)
    #expect(before.subtracting(after) == [gone])
  }

  @Test("of a share are rounded up")
  func shares() {
    #expect(population.sample(percent: 0.001, seed: 1).count == 1)
    #expect(population.sample(percent: 50, seed: 1).count == 10_000)
    #expect(population.sample(percent: 100, seed: 1) == population)
    #expect(Population([1, 2, 3]).sample(percent: 34, seed: 1).count == 2)
  }

  @Test("take every profile about equally often")
  func fair() {
    let ten = Population(1...10)
    var taken = [Int](repeating: 0, count: 11)
    for seed in 0..<2_000 { for id in ten.sample(3, seed: Int64(seed)) { taken[Int(id)] += 1 } }
    // 600 expected of each, standard deviation some 20.
    for count in taken[1...] { #expect((500...700).contains(count)) }
  }

  @Test("in their order begin as every shorter one does")
  func order() {
    let long = population.shuffled(seed: 9, limit: 200)
    #expect(Set(long).count == 200)
    #expect(Array(long.prefix(50)) == population.shuffled(seed: 9, limit: 50))
    #expect(long != long.sorted())
  }
}
