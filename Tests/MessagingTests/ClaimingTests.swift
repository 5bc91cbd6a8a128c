import ServiceKitTesting
import ServiceTesting
import Testing
import Values

@testable import Messaging

@Suite("Claiming")
struct ClaimingTests {
  @Test("goes on behind what was claimed last, and comes to what was put back before that when there is no more")
  func runsDry() async throws {
    try await Self.withTwoWorkers { _, gone, first, worker in
      let second = try await Self.claim(2, by: worker)
      #expect(Set(first).isDisjoint(with: second))
      try await gone.leave()
      let rest = try await Self.claim(10, by: worker)
      #expect(rest.count == 2 && Set(rest).isDisjoint(with: first + second))
      #expect(try await Self.claim(10, by: worker) == first)
      #expect(try await worker.claim(10) == nil)
    }
  }

  @Test("comes to what was put back after a second, however much follows")
  func looksAgain() async throws {
    try await Self.withTwoWorkers { suite, gone, first, worker in
      try await gone.leave()
      #expect(try await Set(Self.claim(1, by: worker)).isDisjoint(with: first))
      suite.time.advance(by: .seconds(1))
      #expect(try await Self.claim(2, by: worker) == first)
    }
  }

  @Test("a place is known for a second, and not before it was found")
  func places() {
    let places = ClaimPlaces()
    let now = Timestamp.epoch.advanced(by: .seconds(1_000))
    let found = ClaimPlaces.Place(dueAt: now, message: 7)
    #expect(places.place(in: 1, now: now) == .beginning)
    places.claimed(from: 1, behind: .beginning, upTo: found, now: now)
    #expect(places.place(in: 1, now: now) == found)
    #expect(places.place(in: 2, now: now) == .beginning)
    // Of two that claim at once, the one behind the other counts, whichever ends first.
    places.claimed(from: 1, behind: found, upTo: .init(dueAt: now, message: 9), now: now)
    places.claimed(from: 1, behind: found, upTo: .init(dueAt: now, message: 8), now: now)
    #expect(places.place(in: 1, now: now.advanced(by: .milliseconds(999))).message == 9)
    #expect(places.place(in: 1, now: now.advanced(by: .seconds(1))) == .beginning)
    // A claim that began before is no look from the beginning.
    places.claimed(from: 1, behind: found, upTo: .init(dueAt: now, message: 10), now: now.advanced(by: .seconds(1)))
    #expect(places.place(in: 1, now: now.advanced(by: .seconds(1))) == .beginning)
  }

  @Test("a clock that was set back, and a claim that found no more, forget the place")
  func forgets() {
    let places = ClaimPlaces()
    let now = Timestamp.epoch.advanced(by: .seconds(1_000))
    for isSetBack in [true, false] {
      places.claimed(from: 1, behind: .beginning, upTo: .init(dueAt: now, message: 7), now: now)
      if !isSetBack { places.claimed(from: 1, behind: .beginning, upTo: nil, now: now) }
      #expect(places.place(in: 1, now: isSetBack ? .epoch : now) == .beginning)
    }
  }

  /// Gives a campaign's six messages, a worker that has claimed these first two of them, and another.
  private static func withTwoWorkers(
    _ body: (TestSuite, TestWorker, [Int64], TestWorker) async throws -> Void
  ) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.makeMessages(to: 1...6)
      let (gone, worker) = (try await TestWorker(suite), try await TestWorker(suite))
      try await body(suite, gone, claim(2, by: gone), worker)
    }
  }

  /// The numbers of what a worker claims, in order.
  private static func claim(_ limit: Int, by worker: TestWorker) async throws -> [Int64] {
    try #require(try await worker.claim(limit)).messages.map(\.id)
  }
}
