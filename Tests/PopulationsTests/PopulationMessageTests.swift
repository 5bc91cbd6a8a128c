import Messages
import Populations
import Testing

@Suite("Populations between services")
struct PopulationMessageTests {
  @Test("arrive as they were sent")
  func roundTrip() throws {
    let population = Population([1, 5, 70_000]).union(Population(100_000...300_000))
    let sent = try population.message.encoded()
    #expect(try Population(InternalV1.Population(decoding: sent)) == population)
    #expect(try Population(Population.empty.message).isEmpty)
  }

  @Test("are read from the numbers that a database strings together, in any order")
  func packed() {
    let bytes: [UInt8] = [0, 1, 0, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 7, 0, 1, 0, 2]
    #expect(Population(packed: bytes) == [7, 65_538, .max])
    #expect(Population(packed: []).isEmpty)
  }

  @Test("are refused when a bit was lost on the way, or when nothing was sent")
  func damage() {
    var message = Population([1, 5]).message
    message.bitmap[12] ^= 1
    #expect(throws: PopulationError.wrongChecksum) { try Population(message) }
    #expect(throws: PopulationError.malformed) { try Population(InternalV1.Population()) }
  }
}
