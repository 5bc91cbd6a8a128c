import Testing

@testable import Populations

@Suite("The portable format")
struct PortableFormatTests {
  private func open(_ bytes: [UInt8]) throws -> Population {
    try Population(portable: bytes, checksum: Population.checksum(of: bytes))
  }

  @Test("gives back what was put in, after every combination", arguments: 0..<60)
  func roundTrip(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let (one, two) = (Population(random.set()), Population(random.set()))
    for population in [one, two, one.union(two), one.intersection(two), one.subtracting(two)] {
      #expect(try open(population.portable) == population)
    }
  }

  @Test("is the one that the format's specification shows")
  func specified() throws {
    // Cookie without runs, one container of key 0 with three values, its offset, and the values.
    let bytes: [UInt8] = [0x3A, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 1, 0, 5, 0, 9, 0]
    #expect(try open(bytes) == [1, 5, 9])
    // One container of runs: 10 to 19, and 30.
    let runs: [UInt8] = [0x3B, 0x30, 0, 0, 1, 0, 0, 10, 0, 2, 0, 10, 0, 9, 0, 30, 0, 0, 0]
    #expect(try open(runs) == Population(10...19).union([30]))
  }

  @Test("is refused with another checksum")
  func checksum() {
    let bytes = Population([1, 2, 3]).portable
    #expect(throws: PopulationError.wrongChecksum) { try Population(portable: bytes, checksum: 1) }
  }

  @Test("is refused at every other length")
  func lengths() {
    let bytes = Population([1, 2, 70_000]).union(Population(200_000...210_000)).portable
    for length in 0..<bytes.count {
      #expect(throws: PopulationError.malformed) { try open(Array(bytes.prefix(length))) }
    }
    #expect(throws: PopulationError.malformed) { try open(bytes + [0]) }
  }

  @Test(
    "is refused when it breaks a rule that the library relies on",
    arguments: [
      // Values out of order, and one twice.
      [0x3A, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 16, 0, 0, 0, 5, 0, 1, 0],
      [0x3A, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 16, 0, 0, 0, 5, 0, 5, 0],
      // An offset into the header.
      [0x3A, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 4, 0, 0, 0, 1, 0, 5, 0],
      // Keys out of order.
      [0x3A, 0x30, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 24, 0, 0, 0, 26, 0, 0, 0, 1, 0, 1, 0],
      // Four billion containers.
      [0x3A, 0x30, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
      // Runs that overlap, touch, pass the end, count wrongly, or are none.
      [0x3B, 0x30, 0, 0, 1, 0, 0, 11, 0, 2, 0, 10, 0, 9, 0, 19, 0, 1, 0],
      [0x3B, 0x30, 0, 0, 1, 0, 0, 11, 0, 2, 0, 10, 0, 9, 0, 20, 0, 1, 0],
      [0x3B, 0x30, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0xFF, 0xFF, 1, 0],
      [0x3B, 0x30, 0, 0, 1, 0, 0, 8, 0, 1, 0, 10, 0, 9, 0],
      [0x3B, 0x30, 0, 0, 1, 0, 0, 9, 0, 0, 0],
      // A flag for a container that is not there, and an unknown cookie.
      [0x3B, 0x30, 0, 0, 3, 0, 0, 9, 0, 1, 0, 10, 0, 9, 0],
      [0x3C, 0x30, 0, 0, 0, 0, 0, 0],
    ] as [[UInt8]])
  func unsound(bytes: [UInt8]) {
    #expect(throws: PopulationError.malformed) { try open(bytes) }
  }

  @Test("is refused when a bitmap's bits are not as many as its header says")
  func miscounted() {
    var bytes = Population((0..<10_000).map { UInt32($0) * 3 }).portable
    bytes[bytes.count - 1] ^= 1
    #expect(throws: PopulationError.malformed) { try open(bytes) }
  }

  @Test("with bytes changed at random is refused or is another set that can be worked with", arguments: 0..<40)
  func mutated(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let original = Population(random.set()).union(Population(3_000...9_000))
    let sound = original.portable
    for _ in 0..<200 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        // Most bytes that matter stand in front.
        let reach = Bool.random(using: &random) ? min(64, bytes.count) : bytes.count
        bytes[.random(in: 0..<reach, using: &random)] = .random(in: 0...255, using: &random)
      }
      guard let read = try? open(bytes) else { continue }
      let ids = Array(read)
      #expect(ids.count == read.count)
      #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
      #expect(Array(read.intersection(original)) == ids.filter(original.contains))
      #expect((try? open(read.portable)) == read)
    }
  }

  @Test("carries the checksum of RFC 3720, appendix B.4")
  func vectors() {
    #expect(Population.checksum(of: [UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(Population.checksum(of: [UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(Population.checksum(of: Array(0..<32)) == 0x46DD_794E)
    #expect(Population.checksum(of: Array("123456789".utf8)) == 0xE306_9283)
  }
}
