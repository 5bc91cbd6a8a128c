import NIOCore
import Testing

@testable import RPC

@Suite("The life of a call on a server")
struct ServerStreamMachineTests {
  @Test("a unary call starts when its request is complete, answers and is forgotten")
  func unary() {
    var call = ServerStreamMachine(waits: true)
    #expect(call.hasHandler == false)
    #expect(call.mayStart() == .startHandler)
    #expect(call.hasHandler == true)
    #expect(call.handlerEnded() == .answer)
    #expect(call.streamClosed() == .forget)
    #expect(call.streamClosed() == .none)
  }

  @Test("a streaming call runs from the start")
  func streaming() {
    var call = ServerStreamMachine(waits: false)
    #expect(call.hasHandler == true)
    #expect(call.mayStart() == .none)
    #expect(call.handlerEnded() == .answer)
    #expect(call.streamClosed() == .forget)
  }

  @Test("a refusal before the start needs no handler")
  func refusedEarly() {
    var call = ServerStreamMachine(waits: true)
    #expect(call.refused() == .refuse)
    #expect(call.mayStart() == .none)
    #expect(call.streamClosed() == .forget)
  }

  @Test("a refusal cancels the handler, whose result no longer counts")
  func refusedLate() {
    var call = ServerStreamMachine(waits: false)
    #expect(call.refused() == .cancelHandlerAndRefuse)
    #expect(call.refused() == .none)
    #expect(call.handlerEnded() == .none)
    #expect(call.streamClosed() == .forget)
  }

  @Test("a call is forgotten only when both its stream and its handler are gone")
  func resetFirst() {
    var call = ServerStreamMachine(waits: false)
    #expect(call.streamClosed() == .cancelHandler)
    #expect(call.hasHandler == true)
    #expect(call.handlerEnded() == .forget)
    var refused = ServerStreamMachine(waits: false)
    #expect(refused.refused() == .cancelHandlerAndRefuse)
    #expect(refused.streamClosed() == .none)
    #expect(refused.handlerEnded() == .forget)
  }

  @Test("a reset before the start forgets the call at once")
  func resetEarly() {
    var call = ServerStreamMachine(waits: true)
    #expect(call.streamClosed() == .forget)
    #expect(call.mayStart() == .none)
  }
}

@Suite("The life of a call on a client")
struct ClientStreamMachineTests {
  @Test("head, messages, trailers")
  func success() {
    var call = ClientStreamMachine()
    #expect(call.isUnsent == true)
    call.requestWent()
    #expect(call.dataCame() == false)
    #expect(call.headersCame(endsStream: false, isInformational: true) == .ignore)
    #expect(call.headersCame(endsStream: false, isInformational: false) == .head)
    #expect(call.dataCame() == true)
    #expect(call.headersCame(endsStream: true, isInformational: false) == .trailers)
    #expect(call.isFinished == true)
    #expect(call.closed(.noError) == .none)
  }

  @Test("one block may be head and trailers")
  func trailersOnly() {
    var call = ClientStreamMachine()
    call.requestWent()
    #expect(call.headersCame(endsStream: true, isInformational: false) == .trailers)
    #expect(call.headersCame(endsStream: true, isInformational: false) == .ignore)
  }

  @Test("a second head breaks the protocol")
  func secondHead() {
    var call = ClientStreamMachine()
    #expect(call.headersCame(endsStream: false, isInformational: false) == .head)
    #expect(call.headersCame(endsStream: false, isInformational: false) == .violation)
  }

  @Test("only what no server saw may be made again")
  func unseen() {
    var unsent = ClientStreamMachine()
    #expect(unsent.closed(.cancel) == .unseen)
    var refused = ClientStreamMachine()
    refused.requestWent()
    #expect(refused.closed(.refusedStream) == .unseen)
    var reset = ClientStreamMachine()
    reset.requestWent()
    #expect(reset.closed(.internalError) == .failed(.internalError))
    var answered = ClientStreamMachine()
    _ = answered.headersCame(endsStream: false, isInformational: false)
    #expect(answered.closed(.refusedStream) == .failed(.refusedStream))
    var lost = ClientStreamMachine()
    lost.requestWent()
    #expect(lost.connectionLost() == .failed(.cancel))
    var waiting = ClientStreamMachine()
    #expect(waiting.connectionLost() == .unseen)
  }

  @Test("giving up resets the stream once")
  func gaveUp() {
    var call = ClientStreamMachine()
    #expect(call.gaveUp() == true)
    #expect(call.gaveUp() == false)
    #expect(call.closed(.cancel) == .none)
  }
}

@Suite("The end of a server's connection")
struct DrainMachineTests {
  @Test("closes only when the last open call has ended")
  func lastCallEnds() {
    var drain = DrainMachine()
    drain.callBegan()
    #expect(drain.drainRequested() == .announce)
    drain.callBegan()
    #expect(drain.announcementHeard() == .goAway)
    #expect(drain.callEnded() == .none)
    #expect(drain.callEnded() == .close)
  }

  @Test("calls that end while the client is being told close nothing yet")
  func endsBetween() {
    var drain = DrainMachine()
    drain.callBegan()
    #expect(drain.drainRequested() == .announce)
    #expect(drain.isAnnounced == true)
    #expect(drain.callEnded() == .none)
    #expect(drain.announcementHeard() == .goAwayAndClose)
    #expect(drain.announcementHeard() == .none)
  }

  @Test("draining twice is draining once")
  func twice() {
    var drain = DrainMachine()
    #expect(drain.drainRequested() == .announce)
    #expect(drain.drainRequested() == .none)
  }

  @Test("when the grace is over, everything stops, once")
  func grace() {
    var drain = DrainMachine()
    drain.callBegan()
    #expect(drain.graceOver() == .abort)
    #expect(drain.graceOver() == .none)
    #expect(drain.callEnded() == .none)
    #expect(drain.drainRequested() == .none)
  }

  @Test("an idle time without any call drains; one with a call does not")
  func idle() {
    var drain = DrainMachine()
    #expect(drain.idleTimePassed() == .none)
    drain.callBegan()
    #expect(drain.idleTimePassed() == .none)
    _ = drain.callEnded()
    drain.callBegan()
    _ = drain.callEnded()
    #expect(drain.idleTimePassed() == .none)
    #expect(drain.idleTimePassed() == .announce)
  }
}

@Suite("Pings")
struct PingTests {
  @Test("a silent peer is pinged, a dead one dropped")
  func keepalive() {
    var keepalive = KeepaliveMachine()
    #expect(keepalive.timePassed(mayPing: true) == .wait)
    #expect(keepalive.timePassed(mayPing: true) == .ping)
    #expect(keepalive.timePassed(mayPing: true) == .close)
  }

  @Test("an answer starts again")
  func answered() {
    var keepalive = KeepaliveMachine()
    _ = keepalive.timePassed(mayPing: true)
    #expect(keepalive.heard() == false)
    #expect(keepalive.timePassed(mayPing: true) == .wait)
    #expect(keepalive.timePassed(mayPing: true) == .ping)
    #expect(keepalive.heard() == true)
    #expect(keepalive.timePassed(mayPing: true) == .wait)
  }

  @Test("no ping without need")
  func needless() {
    var keepalive = KeepaliveMachine()
    _ = keepalive.timePassed(mayPing: false)
    #expect(keepalive.timePassed(mayPing: false) == .wait)
    #expect(keepalive.timePassed(mayPing: true) == .ping)
  }

  @Test("the third ping too many ends the connection")
  func tooMany() {
    var policy = PingPolicy(minimum: .seconds(1))
    let start = NIODeadline.uptimeNanoseconds(0)
    #expect(policy.pinged(at: start, hasSentData: false) == false)
    #expect(policy.pinged(at: start + .milliseconds(1), hasSentData: false) == false)
    #expect(policy.pinged(at: start + .milliseconds(2), hasSentData: false) == false)
    #expect(policy.pinged(at: start + .milliseconds(3), hasSentData: false) == true)
  }

  @Test("pings in time, or after data, are fine for ever")
  func allowed() {
    var policy = PingPolicy(minimum: .seconds(1))
    var now = NIODeadline.uptimeNanoseconds(0)
    for number in 0..<20 {
      now = now + (number.isMultiple(of: 2) ? .seconds(1) : .milliseconds(1))
      #expect(policy.pinged(at: now, hasSentData: !number.isMultiple(of: 2)) == false)
    }
  }
}

@Suite("What a connection keeps for slow readers")
struct ReceiveBudgetTests {
  private typealias Credit = ReceiveBudget.Credit

  @Test("below the bound every window opens")
  func below() {
    var budget = ReceiveBudget(bound: 100)
    budget.arrived(100)
    #expect(budget.wants(Credit(stream: 1, count: 60), isDone: false) == Credit(stream: 1, count: 60))
    #expect(budget.wants(Credit(stream: 3, count: 40), isDone: false) == Credit(stream: 3, count: 40))
  }

  @Test("above it one stream goes on, the others follow in turn")
  func above() {
    var budget = ReceiveBudget(bound: 100)
    budget.arrived(300)
    #expect(budget.wants(Credit(stream: 1, count: 10), isDone: false) == Credit(stream: 1, count: 10))
    #expect(budget.wants(Credit(stream: 3, count: 20), isDone: false) == nil)
    #expect(budget.wants(Credit(stream: 5, count: 30), isDone: false) == nil)
    #expect(budget.wants(Credit(stream: 3, count: 5), isDone: false) == nil)
    #expect(budget.wants(Credit(stream: 1, count: 11), isDone: false) == Credit(stream: 1, count: 11))
    #expect(budget.left(1, 100, isDone: true) == [Credit(stream: 3, count: 20), Credit(stream: 3, count: 5)])
    #expect(budget.left(3, 100, isDone: true) == [Credit(stream: 5, count: 30)])
  }

  @Test("when there is room again, all open")
  func room() {
    var budget = ReceiveBudget(bound: 100)
    budget.arrived(300)
    _ = budget.wants(Credit(stream: 1, count: 10), isDone: false)
    _ = budget.wants(Credit(stream: 3, count: 20), isDone: false)
    _ = budget.wants(Credit(stream: 5, count: 30), isDone: false)
    #expect(budget.left(9, 200, isDone: false) == [Credit(stream: 3, count: 20), Credit(stream: 5, count: 30)])
  }

  @Test("a stream of which nothing waits is never held")
  func done() {
    var budget = ReceiveBudget(bound: 100)
    budget.arrived(300)
    #expect(budget.wants(Credit(stream: 7, count: 10), isDone: true) == Credit(stream: 7, count: 10))
    #expect(budget.wants(Credit(stream: 1, count: 10), isDone: false) == Credit(stream: 1, count: 10))
  }
}

@Suite("What all connections of a server hold")
struct HeldBytesTests {
  @Test("below the bound anyone may hold all of it")
  func below() {
    let whole = HeldBytes(bound: 10 << 20)
    var share = HeldShare(of: whole)
    let other = HeldShare(of: whole)
    #expect(share.holds(10 << 20) == false)
    _ = consume other
  }

  @Test("above it, who holds more than an equal share must go, and who goes makes room")
  func above() {
    let whole = HeldBytes(bound: 10 << 20)
    var small = HeldShare(of: whole)
    do {
      var large = HeldShare(of: whole)
      #expect(large.holds(9 << 20) == false)
      #expect(small.holds(2 << 20) == false)
      #expect(large.holds(10 << 20) == true)
    }
    #expect(small.holds(10 << 20) == false)
    #expect(small.holds(11 << 20) == true)
  }

  @Test("small changes are not told")
  func small() {
    let whole = HeldBytes(bound: 0)
    var share = HeldShare(of: whole)
    #expect(share.holds(65_535) == false)
    #expect(share.holds(65_536) == true)
    #expect(share.holds(65_537) == false)
  }
}
