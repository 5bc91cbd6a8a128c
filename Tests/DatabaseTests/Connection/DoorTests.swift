import Testing

@testable import Database

@Suite("A server that lets nobody in")
struct DoorTests {
  @Test("is tried by one at a time, and by all once it is back")
  func oneAtATime() {
    var door = DoorMachine()
    for id in UInt64(1)...3 { #expect(door.came(id) == .goIn) }
    for id in UInt64(1)...3 { #expect(door.refused(id).isEmpty) }
    #expect(door.came(1) == .knock(failures: 1), "those who went in together count once")
    #expect(door.came(2) == .wait)
    #expect(door.came(3) == .wait)
    #expect(door.refused(1) == [.init(id: 2, answer: .knock(failures: 2))])
    #expect(door.came(1) == .wait)
    #expect(door.letIn(2) == [.init(id: 3, answer: .goIn), .init(id: 1, answer: .goIn)])
    #expect(door.came(4) == .goIn)
  }

  @Test("is still tried when whoever was about to has gone")
  func passedOn() {
    var door = DoorMachine()
    _ = door.came(1)
    _ = door.refused(1)
    #expect(door.came(1) == .knock(failures: 1))
    for id in UInt64(2)...4 { #expect(door.came(id) == .wait) }
    #expect(door.gone(2).isEmpty)
    #expect(door.gone(1) == [.init(id: 3, answer: .knock(failures: 1))], "nothing was learned of the server")
    #expect(door.refused(3) == [.init(id: 4, answer: .knock(failures: 2))])
    #expect(door.refused(4).isEmpty)
    #expect(door.came(5) == .knock(failures: 3))
  }

  @Test("costs no connection that was on its way when its borrower went")
  func handedOver() async {
    let (kept, left) = (Handover(), Handover())
    let failure = DatabaseError(.unavailable, "away")
    #expect(kept.settle(.failure(failure)))
    kept.abandon()
    await #expect(throws: failure) { _ = try await kept.value() }
    left.abandon()
    #expect(!left.settle(.failure(failure)), "so the pool keeps it")
    await #expect(throws: CancellationError.self) { _ = try await left.value() }
  }
}
