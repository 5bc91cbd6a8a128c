import Testing

@testable import RPC

@Suite("Which connection a call gets")
struct PoolMachineTests {
  @Test("the first call connects every address and waits for one")
  func firstCall() {
    var pool = PoolMachine(slots: 2)
    let first = pool.pick(waiter: 1, waitsForReady: false)
    #expect(first.pick == .wait)
    #expect(first.actions == [.connect(slot: 0), .connect(slot: 1)])
    #expect(pool.pick(waiter: 2, waitsForReady: true).actions == [])
    #expect(pool.connected(slot: 1) == [.wake([1, 2])])
    #expect(pool.pick(waiter: 3, waitsForReady: false).pick == .use(slot: 1))
  }

  @Test("ready connections are given in turn")
  func turns() {
    var pool = PoolMachine(slots: 3)
    _ = pool.pick(waiter: 1, waitsForReady: false)
    _ = pool.connected(slot: 0)
    _ = pool.connected(slot: 2)
    let picks = (2..<6).map { pool.pick(waiter: $0, waitsForReady: false).pick }
    #expect(picks == [.use(slot: 0), .use(slot: 2), .use(slot: 0), .use(slot: 2)])
  }

  @Test("when the last attempt fails, the impatient fail and the patient wait")
  func allFail() {
    var pool = PoolMachine(slots: 2)
    _ = pool.pick(waiter: 1, waitsForReady: false)
    _ = pool.pick(waiter: 2, waitsForReady: true)
    #expect(pool.connectionEnded(slot: 0) == [.rest(slot: 0, failures: 1)])
    #expect(pool.connectionEnded(slot: 1) == [.rest(slot: 1, failures: 1), .fail([1])])
    #expect(pool.pick(waiter: 3, waitsForReady: false).pick == .fail)
    #expect(pool.restOver(slot: 0) == [.connect(slot: 0)])
    #expect(pool.connected(slot: 0) == [.wake([2])])
  }

  @Test("failures in a row are counted until one attempt succeeds")
  func failures() {
    var pool = PoolMachine(slots: 1)
    _ = pool.pick(waiter: 1, waitsForReady: true)
    #expect(pool.connectionEnded(slot: 0) == [.rest(slot: 0, failures: 1)])
    #expect(pool.restOver(slot: 0) == [.connect(slot: 0)])
    #expect(pool.connectionEnded(slot: 0) == [.rest(slot: 0, failures: 2)])
    _ = pool.restOver(slot: 0)
    _ = pool.connected(slot: 0)
    #expect(pool.connectionEnded(slot: 0) == [])
    #expect(pool.pick(waiter: 2, waitsForReady: false).actions == [.connect(slot: 0)])
    #expect(pool.connectionEnded(slot: 0) == [.rest(slot: 0, failures: 1), .fail([2])])
  }

  @Test("without a waiting call nothing reconnects")
  func lazy() {
    var pool = PoolMachine(slots: 1)
    _ = pool.pick(waiter: 1, waitsForReady: false)
    _ = pool.connectionEnded(slot: 0)
    #expect(pool.restOver(slot: 0) == [])
    #expect(pool.restOver(slot: 0) == [])
  }

  @Test("a call that left is neither woken nor failed")
  func left() {
    var pool = PoolMachine(slots: 1)
    _ = pool.pick(waiter: 1, waitsForReady: false)
    _ = pool.pick(waiter: 2, waitsForReady: true)
    pool.waiterLeft(1)
    pool.waiterLeft(2)
    #expect(pool.connected(slot: 0) == [])
  }

  @Test("waits grow with failures up to the longest, shifted by chance")
  func backOff() {
    let backOff = BackOff(minimum: .milliseconds(100), maximum: .seconds(1))
    #expect(backOff.wait(after: 1, random: 0.5) == .milliseconds(100))
    #expect(backOff.wait(after: 2, random: 0.5) == .milliseconds(160))
    #expect(backOff.wait(after: 50, random: 0.5) == .seconds(1))
    #expect(backOff.wait(after: 1, random: 0) == .milliseconds(80))
    #expect(backOff.wait(after: 1, random: 1) == .milliseconds(120))
    let pauses = (1...4).map { BackOff.pauseBeforeAttempt($0, random: 0.5) }
    #expect(pauses == [.zero, .zero, .milliseconds(5), .milliseconds(8)])
  }
}
