import ServiceKitTesting
import Testing

@testable import ServiceKit

@Suite("Waking who waits")
struct WakeUpTests {
  private let time = ManualTime()
  private let wakeUp = WakeUp()

  @Test("a wait ends when woken, also after waits that ran out")
  func wakes() async throws {
    let waker = wakeUp.subscribe()
    for _ in 0..<3 {
      async let ranOut: Void = waker.wait(atMost: .seconds(1), time: time)
      await time.untilSleeping()
      time.advance(by: .seconds(1))
      try await ranOut
      async let woken: Void = waker.wait(atMost: .seconds(1), time: time)
      await time.untilSleeping()
      wakeUp.wakeAll()
      try await woken
    }
  }

  @Test("what happened before the wait ends it at once, and once")
  func remembers() async throws {
    let waker = wakeUp.subscribe()
    wakeUp.wakeAll()
    wakeUp.wakeAll()
    try await waker.wait(atMost: .seconds(1), time: time)
    async let second: Void = waker.wait(atMost: .seconds(1), time: time)
    await time.untilSleeping()
    time.advance(by: .seconds(1))
    try await second
  }

  @Test("a cancelled wait ends with an error, before it began and after")
  func cancelled() async throws {
    let waker = wakeUp.subscribe()
    for isEarly in [true, false] {
      let waiting = Task { [time] in
        if isEarly { try? await time.sleep(for: .seconds(3_600)) }
        try await waker.wait(atMost: .seconds(1), time: time)
      }
      await time.untilSleeping()
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
    }
  }
}
