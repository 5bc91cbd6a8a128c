import Testing

@testable import HTTP

@Suite("What an HTTP connection does next")
struct HTTPConnectionMachineTests {
  /// A machine that has taken a request's header.
  private func receiving(limit: Int = 10, keepAlive: Bool = true) -> HTTPConnectionMachine {
    var machine = HTTPConnectionMachine()
    _ = machine.requestStarted(declared: nil, limit: limit, keepAlive: keepAlive, expectsContinue: false)
    return machine
  }

  /// A machine whose handler runs.
  private func answering(keepAlive: Bool = true) -> HTTPConnectionMachine {
    var machine = receiving(keepAlive: keepAlive)
    _ = machine.requestEnded()
    return machine
  }

  @Test("answers one request after another")
  func keepAlive() {
    var machine = HTTPConnectionMachine()
    for _ in 0..<2 {
      #expect(machine.timer == .idle)
      #expect(machine.requestStarted(declared: 3, limit: 10, keepAlive: true, expectsContinue: false) == .none)
      #expect(machine.timer == .body)
      #expect(machine.bodyArrived(3) == .append)
      #expect(machine.requestEnded() == .answer)
      #expect(machine.timer == .answer)
      #expect(machine.answerStarts(selfDelimiting: true) == false)
      #expect(machine.answerEnded(whole: true) == .awaitNext)
    }
  }

  @Test("refuses a body that is declared too large before any of it arrives")
  func declaredTooLarge() {
    var machine = HTTPConnectionMachine()
    let action = machine.requestStarted(declared: 11, limit: 10, keepAlive: true, expectsContinue: true)
    #expect(action == .refuse(.bodyTooLarge))
    #expect(machine.bodyArrived(11) == .none)
    #expect(machine.requestEnded() == .none)
  }

  @Test("refuses a body at the first byte above the limit, however it is split")
  func tooLarge() {
    for first in 0...10 {
      var machine = receiving(limit: 10)
      #expect(machine.bodyArrived(first) == .append)
      #expect(machine.bodyArrived(10 - first) == .append)
      #expect(machine.bodyArrived(1) == .refuse(.bodyTooLarge))
    }
  }

  @Test("asks for the body that waits to be asked for")
  func expectContinue() {
    var machine = HTTPConnectionMachine()
    #expect(
      machine.requestStarted(declared: 1, limit: 10, keepAlive: true, expectsContinue: true) == .sendContinue)
  }

  @Test("closes after an answer whose end the client cannot tell otherwise")
  func closeDelimited() {
    var machine = answering()
    #expect(machine.answerStarts(selfDelimiting: false) == true)
    #expect(machine.answerEnded(whole: true) == .close)
  }

  @Test("closes when an answer was cut")
  func cut() {
    var machine = answering()
    _ = machine.answerStarts(selfDelimiting: true)
    #expect(machine.answerEnded(whole: false) == .close)
  }

  @Test("closes after the answer when the client asked for it")
  func closeAsked() {
    var machine = answering(keepAlive: false)
    #expect(machine.answerStarts(selfDelimiting: true) == true)
    #expect(machine.answerEnded(whole: true) == .close)
  }

  @Test("closes an idle connection at once when draining, and a busy one after its answer")
  func drain() {
    var idle = HTTPConnectionMachine()
    #expect(idle.drainRequested() == .close)
    var busy = answering()
    #expect(busy.drainRequested() == .none)
    #expect(busy.answerStarts(selfDelimiting: true) == true)
    #expect(busy.answerEnded(whole: true) == .close)
  }

  @Test("when time runs out it closes, answers 408 or abandons the handler, by what it waited for")
  func timeouts() {
    var idle = HTTPConnectionMachine()
    #expect(idle.timeRanOut() == .close)
    var body = receiving()
    #expect(body.timeRanOut() == .refuse(.bodyTooSlow))
    var answer = answering()
    #expect(answer.timeRanOut() == .abandon)
    #expect(answer.answerEnded(whole: true) == .none)
    var unread = receiving()
    _ = unread.bodyArrived(11)
    #expect(unread.timeRanOut() == .close)
  }

  @Test("cancels the handler when the client is gone")
  func lost() {
    var busy = answering()
    #expect(busy.connectionLost() == .abandon)
    #expect(busy.connectionLost() == .none)
  }
}
