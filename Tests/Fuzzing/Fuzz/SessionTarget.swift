#if DEBUG
  import Logging
  import NIOCore
  import NIOEmbedded

  @testable import RPC

  /// A client's bytes at a server's end of a connection: whatever comes, the connection ends with every handler ended
  /// and nothing kept.
  enum SessionTarget {
    static func run(_ bytes: [UInt8]) {
      let remains = Remains()
      converse(SessionScript(bytes), remains)
      check(service.running == 0, "\(service.running) handlers still run")
      check(remains.connection == nil, "the connection is kept")
      check(remains.role == nil, "the connection's calls are kept")
      check(remains.session == nil, "the session is kept")
    }

    private static let service = SessionService()
    private static let routes = RouteTable(service.router)
    private static let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

    /// What must be gone when a connection is.
    private final class Remains {
      weak var connection: HTTP2Connection?
      weak var role: ServerConnection?
      weak var session: HTTP2Session?
    }

    private static func converse(_ script: SessionScript, _ remains: Remains) {
      do {
        var peer = try FuzzedConnection(parts(script.flags)) { connection, role in
          remains.connection = connection
          remains.role = role
          remains.session = connection.session
        }
        peer.play(script)
      } catch {
        check(false, "\(error)")
      }
    }

    private static func parts(_ flags: SessionScript.Flags) -> ServerParts {
      var configuration = ServerConfiguration()
      if flags.compresses { configuration.compression = .gzip }
      if flags.isNarrow {
        configuration.maxConcurrentCalls = 3
        configuration.maxRequestSize = 100
        configuration.maxResponseSize = 1_000
        configuration.maxHeaderListSize = 500
        configuration.streamWindow = 200
        configuration.connectionBuffer = 150
        configuration.maxHeldBytes = 100_000
        configuration.outgoingBuffer = 100
        configuration.resetBurst = 3
      }
      return ServerParts(routes: routes, interceptors: [], configuration: configuration, logger: logger)
    }
  }

  /// A server's end over a channel in memory, on a loop that runs when it is told to.
  private struct FuzzedConnection {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private let role: () -> ServerConnection?
    private var sent = ByteBuffer()
    /// Bytes of the server that the client has not taken.
    private var answered = 0

    init(_ parts: ServerParts, _ made: @escaping (HTTP2Connection, ServerConnection) -> Void) throws {
      // Deadlines are times of the machine's clock.
      loop.advanceTime(to: .now())
      let held = HeldBytes(bound: parts.configuration.maxHeldBytes)
      weak var role: ServerConnection?
      let connection = HTTP2Connection(
        session: try HTTP2Session(.server, settings: parts.configuration.session), executor: .of(loop),
        eventLoop: loop, receiveBound: parts.configuration.connectionBuffer, held: held
      ) { connection in
        let new = ServerConnection(connection: connection, service: parts, peer: "fuzz", number: 1)
        role = new
        made(connection, new)
        return new
      }
      channel = EmbeddedChannel(loop: loop)
      self.role = { role }
      try channel.pipeline.syncOperations.addHandler(connection)
      channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    }

    mutating func play(_ script: SessionScript) {
      var script = script
      while let action = script.next() {
        switch action {
        case .send(let bytes): sent.writeBytes(bytes)
        case .arrive: arrive(script.flags.pieceSize)
        case .setWritable(let isWritable): set(isWritable: isWritable)
        case .drain: channel.triggerUserOutboundEvent(ServerConnection.Command.drain, promise: nil)
        }
      }
      arrive(script.flags.pieceSize)
      end(script.flags.end)
    }

    /// What the client has sent comes, in pieces.
    private mutating func arrive(_ pieceSize: Int) {
      while let piece = sent.readSlice(length: min(pieceSize, sent.readableBytes)), piece.readableBytes > 0 {
        guard channel.isActive else { break }
        channel.pipeline.fireChannelRead(piece)
        channel.pipeline.fireChannelReadComplete()
        run()
      }
      sent.clear()
      run()
    }

    private func set(isWritable: Bool) {
      channel.isWritable = isWritable
      channel.pipeline.fireChannelWritabilityChanged()
      run()
    }

    /// The loop does what there is to do, and the client takes what there is to take.
    private func run() {
      loop.advanceTime(to: .now())
      loop.run()
      while let bytes = try? channel.readOutbound(as: ByteBuffer.self) {
        check(bytes.readableBytes < 1 << 20, "\(bytes.readableBytes) bytes are sent in one piece")
      }
    }

    private mutating func end(_ end: SessionScript.End) {
      set(isWritable: true)
      switch end {
      case .close: break
      case .timePasses: passTime(.hours(5))
      case .drain, .drainAndAbort:
        channel.triggerUserOutboundEvent(ServerConnection.Command.drain, promise: nil)
        passTime(.seconds(6))
        if end == .drainAndAbort {
          channel.triggerUserOutboundEvent(ServerConnection.Command.abort, promise: nil)
          run()
          check(!channel.isActive, "the connection outlives its end")
        }
      }
      channel.close(promise: nil)
      run()
    }

    /// Lets a time go by on the loop's clock; not with deadlines, which are times of the machine's.
    private func passTime(_ time: TimeAmount) {
      let streams = role()?.streams.values ?? []
      if streams.allSatisfy({ $0.call.deadline == nil }) { loop.advanceTime(by: time) }
      run()
    }
  }
#endif
