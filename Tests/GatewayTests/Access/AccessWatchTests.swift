import Testing

@testable import Gateway

@Suite("When to look, and whether what was seen holds")
struct AccessWatchTests {
  private let start = ContinuousClock.now

  private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

  @Test("nothing holds before the first good look")
  func nothingSeen() {
    var watch = AccessWatch()
    #expect(!watch.isFresh(at: at(0)))
    #expect(watch.ticked(at: at(0)) == [.look(1)])
    #expect(!watch.isFresh(at: at(1)))
    #expect(watch.lookEnded(1, succeeded: false, at: at(2)) == [])
    #expect(!watch.isFresh(at: at(3)))
  }

  @Test("what a look found holds for one second from the look's beginning, not from its end")
  func freshFromBeginning() {
    var watch = AccessWatch()
    _ = watch.ticked(at: at(0))
    _ = watch.lookEnded(1, succeeded: true, at: at(300))
    #expect(watch.isFresh(at: at(999)))
    #expect(!watch.isFresh(at: at(1_000)))
  }

  @Test("ticks begin a look when the last one began 200 ms before")
  func looksByTheClock() {
    var watch = AccessWatch()
    #expect(watch.ticked(at: at(0)) == [.look(1)])
    #expect(watch.lookEnded(1, succeeded: true, at: at(10)) == [])
    #expect(watch.ticked(at: at(199)) == [])
    #expect(watch.ticked(at: at(200)) == [.look(2)])
  }

  @Test("a look that takes too long is given up and the next one begins at once")
  func impatience() {
    var watch = AccessWatch()
    _ = watch.ticked(at: at(0))
    #expect(watch.ticked(at: at(399)) == [])
    #expect(watch.ticked(at: at(400)) == [.giveUp(1), .answer([]), .look(2)])
  }

  @Test("what a look that was given up finds is not heard")
  func lateFinding() {
    var watch = AccessWatch()
    _ = watch.ticked(at: at(0))
    _ = watch.ticked(at: at(400))
    #expect(!watch.awaits(1))
    #expect(watch.lookEnded(1, succeeded: true, at: at(450)) == [])
    #expect(!watch.isFresh(at: at(451)))
    #expect(watch.lookEnded(2, succeeded: true, at: at(460)) == [])
    #expect(watch.isFresh(at: at(1_399)))
  }

  @Test("notice during a look leads to another look, since the running one may have read before it")
  func wokenDuringLook() {
    var watch = AccessWatch()
    #expect(watch.woken(at: at(0)) == [.look(1)])
    #expect(watch.woken(at: at(1)) == [])
    #expect(watch.lookEnded(1, succeeded: true, at: at(2)) == [.look(2)])
    #expect(watch.lookEnded(2, succeeded: true, at: at(3)) == [])
  }

  @Test("who asks is answered by a look that began after the question, and shares it with others")
  func askers() {
    var watch = AccessWatch()
    _ = watch.woken(at: at(0))
    #expect(watch.asked(by: 1, at: at(1)) == [])
    #expect(watch.asked(by: 2, at: at(2)) == [])
    #expect(watch.lookEnded(1, succeeded: true, at: at(3)) == [.look(2)])
    #expect(watch.lookEnded(2, succeeded: true, at: at(4)) == [.answer([1, 2])])
  }

  @Test("who asks is answered when the look fails, too, or is given up")
  func askersOfFailedLooks() {
    var watch = AccessWatch()
    #expect(watch.asked(by: 1, at: at(0)) == [.look(1)])
    #expect(watch.lookEnded(1, succeeded: false, at: at(1)) == [.answer([1])])
    #expect(watch.asked(by: 2, at: at(2)) == [.look(2)])
    #expect(watch.ticked(at: at(402)) == [.giveUp(2), .answer([2]), .look(3)])
  }

  @Test("whenever looks succeed or fail, a change is known or nobody is let in one second after it")
  func oneSecond() {
    // Every pattern of ten looks, good or bad, each taking 0 or 390 ms; a change comes at each of them.
    for pattern in 0..<1_024 {
      for cost in [0, 390] {
        var watch = AccessWatch()
        var lastGood: Int?
        var clock = 0
        for look in 0..<10 {
          while watch.ticked(at: at(clock)).isEmpty { clock += 100 }
          let began = clock
          clock += cost
          let succeeds = pattern >> look & 1 == 1
          _ = watch.lookEnded(look + 1, succeeded: succeeds, at: at(clock))
          if succeeds { lastGood = began }
          // A change just after the last good look began is unknown; it must not be acted against for a second.
          if let lastGood {
            #expect(watch.isFresh(at: at(clock)) == (clock < lastGood + 1_000))
            #expect(!watch.isFresh(at: at(lastGood + 1_000)))
          } else {
            #expect(!watch.isFresh(at: at(clock)))
          }
        }
      }
    }
  }
}
