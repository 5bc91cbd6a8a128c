import NIOCore

/// What decides how long a server's connection lives: its machine, and the timers that feed it, which hold the connection
/// until they are stopped.
struct ServerLifetime: ~Copyable {
  var drain = DrainMachine()
  var pings: PingPolicy
  var keepalive: KeepaliveTimer?
  /// Runs until the client's preface is complete.
  var preface = LoopTimer()
  /// Runs always, and asks for calls that began since.
  var idle = LoopTimer()
  var age = LoopTimer()
  /// Runs until the client must have heard the announcement.
  var announcement = LoopTimer()
  var grace = LoopTimer()
  /// DATA frames sent by the time of the client's last ping.
  var dataFramesAtPing = 0

  init(_ configuration: ServerConfiguration) {
    pings = PingPolicy(minimum: configuration.minPingInterval)
  }

  mutating func stop() {
    keepalive?.stop()
    preface.stop()
    idle.stop()
    age.stop()
    announcement.stop()
    grace.stop()
  }
}

/// A timer of a loop that can be set again, until it is stopped.
struct LoopTimer: ~Copyable {
  private var scheduled: Scheduled<Void>?
  private var isStopped = false

  /// Calls `body` on the loop after a time, instead of what was set before. To be called on the loop.
  mutating func set(_ loop: any EventLoop, after time: Duration, _ body: @escaping () -> Void) {
    if isStopped { return }
    scheduled?.cancel()
    scheduled = loop.assumeIsolated().scheduleTask(in: TimeAmount(time), body)
  }

  mutating func cancel() {
    scheduled?.cancel()
    scheduled = nil
  }

  /// Cancels for good: what would be called holds what may be gone.
  mutating func stop() {
    cancel()
    isStopped = true
  }
}

extension ServerConnection {
  /// The events by which a server ends its connections.
  enum Command: Sendable {
    case drain
    case abort
  }

  /// Marks our ping that follows an announcement.
  private static let announcementPing: UInt64 = 0x6472_6169_6e00_0000
  /// After so long a client that does not answer the ping counts as having heard.
  private static let announcementTimeout = Duration.seconds(5)

  func startTimers() {
    let configuration = service.configuration
    let loop = connection.eventLoop
    lifetime.keepalive = KeepaliveTimer(
      connection: connection, owner: self, time: configuration.keepaliveTime, timeout: configuration.keepaliveTimeout)
    lifetime.preface.set(loop, after: configuration.prefaceTimeout) { self.connection.close() }
    startIdleTimer()
    if let age = configuration.maxConnectionAge {
      lifetime.age.set(loop, after: age) { self.drain(self.lifetime.drain.drainRequested()) }
    }
  }

  func told(_ event: Any) {
    switch event as? Command {
    case .drain: act(lifetime.drain.drainRequested())
    case .abort: act(lifetime.drain.graceOver())
    case nil: break
    }
  }

  func callEnded() {
    act(lifetime.drain.callEnded())
  }

  func pingCame(_ isAcknowledgement: Bool, _ opaque: UInt64) {
    if isAcknowledgement {
      if opaque == Self.announcementPing { act(lifetime.drain.announcementHeard()) }
      return
    }
    let sent = session.sentDataFrames
    defer { lifetime.dataFramesAtPing = sent }
    if lifetime.pings.pinged(at: .now(), hasSentData: sent != lifetime.dataFramesAtPing) {
      session.goAway(.enhanceYourCalm, debug: "too_many_pings")
      connection.end()
    }
  }

  /// Asks whether the client has heard the announcement. Submitted with it, the ping would overtake it.
  func goAwayWent() {
    if lifetime.drain.isAnnounced { session.ping(Self.announcementPing) }
  }

  private func startIdleTimer() {
    lifetime.idle.set(connection.eventLoop, after: service.configuration.maxConnectionIdle) {
      self.drain(self.lifetime.drain.idleTimePassed())
      self.startIdleTimer()
    }
  }

  /// Drains because of age or idleness, if the machine says so.
  private func drain(_ action: DrainMachine.Action) {
    act(action)
    guard action == .announce, let grace = service.configuration.maxConnectionAgeGrace else { return }
    lifetime.grace.set(connection.eventLoop, after: grace) {
      self.act(self.lifetime.drain.graceOver())
    }
  }

  private func act(_ action: DrainMachine.Action) {
    switch action {
    case .none: break
    case .announce: announce()
    case .goAway:
      session.goAway(.noError)
      connection.needsTurn()
    case .goAwayAndClose:
      session.goAway(.noError)
      connection.end()
    case .close: connection.end()
    case .abort: abort()
    }
  }

  private func announce() {
    session.announceShutdown()
    connection.needsTurn()
    lifetime.announcement.set(connection.eventLoop, after: Self.announcementTimeout) {
      self.act(self.lifetime.drain.announcementHeard())
    }
  }

  private func abort() {
    for stream in streams.values { refuse(stream, RPCError(.unavailable, "The server is shutting down.")) }
    session.goAway(.noError)
    connection.end()
    // A client that does not read must not keep the connection.
    lifetime.grace.set(connection.eventLoop, after: .seconds(1)) { self.connection.close() }
  }
}

extension ServerConnection: KeepaliveOwner {
  var mayPing: Bool { true }
}
