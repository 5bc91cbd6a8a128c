import Testing

@testable import CommandLineTool

@Suite("An import that breaks")
struct ImportMachineTests {
  @Test("goes on from the settled byte after the connection broke")
  func goesOn() {
    var machine = ImportMachine()
    #expect(machine.next() == .start)
    #expect(machine.broke() == .pause(.milliseconds(250)))
    #expect(machine.next() == .start)
    #expect(machine.existsAlready(name: "i/7") == .ask(name: "i/7"))
    #expect(machine.found(isRunning: true, settledBytes: 4_096) == .resume(name: "i/7", from: 4_096))
    #expect(machine.broke() == .pause(.milliseconds(250)))
    #expect(machine.next() == .ask(name: "i/7"))
    #expect(machine.found(isRunning: true, settledBytes: 8_192) == .resume(name: "i/7", from: 8_192))
  }

  @Test("is done when the answer of its last call was lost and all is settled")
  func lostAnswer() {
    var machine = ImportMachine(resuming: "i/7")
    #expect(machine.next() == .ask(name: "i/7"))
    #expect(machine.found(isRunning: false, settledBytes: 9_000) == .finish)
  }

  @Test("waits longer after each break, at most eight seconds, and gives up when nothing more is settled")
  func givesUp() {
    var machine = ImportMachine(resuming: "i/7")
    var pauses: [Duration] = []
    while case .pause(let duration) = machine.broke() {
      pauses.append(duration)
      #expect(machine.next() == .ask(name: "i/7"))
      _ = machine.found(isRunning: true, settledBytes: 0)
    }
    // The first answer told more than was known before it.
    #expect(pauses.count == ImportMachine.patience)
    #expect(pauses.last == .seconds(8))
    #expect(machine.broke() == .giveUp)
  }

  @Test("has its patience again after every step forward")
  func patience() {
    var machine = ImportMachine(resuming: "i/7")
    for step in 1...100 {
      #expect(machine.found(isRunning: true, settledBytes: Int64(step)) == .resume(name: "i/7", from: Int64(step)))
      #expect(machine.broke() == .pause(.milliseconds(250)))
    }
  }
}
