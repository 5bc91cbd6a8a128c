import NIOCore

/// Whose connection a ``KeepaliveTimer`` watches.
protocol KeepaliveOwner: AnyObject {
  /// Whether a silent peer is worth a ping now.
  var mayPing: Bool { get }
}

/// Runs a ``KeepaliveMachine`` by the loop's clock.
///
/// Bytes only raise a flag, so a silence is noticed after one to two times the keepalive time.
final class KeepaliveTimer {
  private unowned let connection: HTTP2Connection
  private var owner: (any KeepaliveOwner)?
  private let time: TimeAmount
  private let timeout: TimeAmount
  private var machine = KeepaliveMachine()
  private var timer: Scheduled<Void>?

  /// The owner and the timer hold each other until it is stopped: weak references would make every count of the owner's
  /// references dearer.
  init(connection: HTTP2Connection, owner: any KeepaliveOwner, time: Duration, timeout: Duration) {
    self.connection = connection
    self.owner = owner
    self.time = TimeAmount(time)
    self.timeout = TimeAmount(timeout)
    arm(self.time)
  }

  func heard() {
    guard machine.heard() else { return }
    timer?.cancel()
    arm(time)
  }

  func stop() {
    timer?.cancel()
    timer = nil
    owner = nil
  }

  private func arm(_ wait: TimeAmount) {
    timer = connection.eventLoop.assumeIsolated().scheduleTask(in: wait) { self.fire() }
  }

  private func fire() {
    switch machine.timePassed(mayPing: owner?.mayPing ?? false) {
    case .wait: arm(time)
    case .ping:
      connection.session.ping(0)
      connection.needsTurn()
      arm(timeout)
    case .close: connection.close()
    }
  }
}
