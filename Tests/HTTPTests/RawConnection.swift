import NIOCore
import NIOPosix

/// A TCP connection that a test writes bytes to, well formed or not.
struct RawConnection: Sendable {
  private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
  private let inbound: Inbound

  /// Keeps the one iterator of what arrives.
  private actor Inbound {
    private var pieces: [ByteBuffer] = []
    private var waiting: CheckedContinuation<ByteBuffer?, Never>?
    private var isOver = false

    func put(_ piece: ByteBuffer?) {
      if let waiting {
        self.waiting = nil
        waiting.resume(returning: piece)
      } else if let piece {
        pieces.append(piece)
      }
      if piece == nil { isOver = true }
    }

    func next() async -> ByteBuffer? {
      if !pieces.isEmpty { return pieces.removeFirst() }
      if isOver { return nil }
      return await withCheckedContinuation { waiting = $0 }
    }
  }

  static func open(_ address: SocketAddress) async throws -> RawConnection {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(to: address) {
      channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
      }
    }
    let inbound = Inbound()
    Task {
      try? await channel.executeThenClose { pieces, _ in
        for try await piece in pieces { await inbound.put(piece) }
      }
      await inbound.put(nil)
    }
    return RawConnection(channel: channel, inbound: inbound)
  }

  func send(_ text: String) async throws {
    try await channel.channel.writeAndFlush(ByteBuffer(string: text))
  }

  /// What arrives until it contains a text, or the end.
  func receive(until text: String) async throws -> String {
    var all = ""
    while !all.contains(text), let piece = await inbound.next() { all += String(buffer: piece) }
    return all
  }

  /// What arrives until the server closes.
  func receiveAll() async throws -> String {
    var all = ""
    while let piece = await inbound.next() { all += String(buffer: piece) }
    return all
  }

  func close() async throws {
    try? await channel.channel.close()
  }
}
