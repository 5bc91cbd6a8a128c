import Populations
import Testing

@Suite("Populations")
struct PopulationTests {
  @Test("hold what they were made of, in any order and with repeats")
  func making() {
    let population = Population([7, 3, 7, .max, 0])
    #expect(population.count == 4)
    #expect(Array(population) == [0, 3, 7, .max])
    #expect(population.contains(.max) && !population.contains(1))
    #expect(population.first == 0 && population.last == .max)
  }

  @Test("of nobody have neither first nor last")
  func nobody() {
    #expect(Population.empty.isEmpty && Population.empty.first == nil && Population.empty.last == nil)
    #expect(Array(Population.empty).isEmpty)
    #expect(Population.union(of: [Population]()) == .empty)
    #expect(Population.intersection(of: [Population]()) == nil)
  }

  @Test("combine as sets do", arguments: 0..<60)
  func algebra(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let (left, right, third) = (random.set(), random.set(), random.set())
    let (one, two, three) = (Population(left), Population(right), Population(third))
    #expect(one.count == left.count)
    #expect(Array(one) == left.sorted())
    #expect(Array(one.union(two)) == left.union(right).sorted())
    #expect(Array(one.intersection(two)) == left.intersection(right).sorted())
    #expect(Array(one.subtracting(two)) == left.subtracting(right).sorted())
    #expect(Array(Population.union(of: [one, two, three])) == left.union(right).union(third).sorted())
    let shared = Population.intersection(of: [one, two, three])
    #expect(shared.map(Array.init) == left.intersection(right).intersection(third).sorted())
    #expect(one.intersectionCount(two) == left.intersection(right).count)
    #expect(one.intersects(two) == !left.isDisjoint(with: right))
    #expect(one.isSubset(of: two) == left.isSubset(of: right))
    #expect((one == two) == (left == right))
  }

  @Test("keep what they were made of when a copy is combined")
  func values() {
    let population: Population = [1, 2, 3]
    let copy = population
    _ = copy.subtracting([2])
    #expect(Array(population) == [1, 2, 3])
  }

  @Test("page by the last number seen", arguments: 0..<20)
  func paging(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let set = random.set()
    let population = Population(set)
    var seen: [UInt32] = []
    while true {
      let page = population.ids(after: seen.last, limit: 777)
      if page.isEmpty { break }
      seen += page
    }
    #expect(seen == set.sorted())
    #expect(population.ids(after: .max, limit: 1).isEmpty)
    #expect(population.ids(limit: 0).isEmpty)
  }

  @Test("of a range hold both of its ends")
  func ranges() {
    #expect(Array(Population(5...8)) == [5, 6, 7, 8])
    #expect(Population(0...UInt32.max).count == 1 << 32)
  }
}
