import NIOCore
import NIOPosix
import Synchronization

/// A server that answers every request's header block with one frame of the test's choice, and nothing else.
final class RawPeer: Sendable {
  /// What to answer to a request on a stream.
  enum Answer: Sendable {
    /// RST_STREAM with REFUSED_STREAM.
    case refusal
    /// GOAWAY that says that no stream was seen.
    case goAway
  }

  private let counter: Counter
  private let listener: any Channel

  final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() { count.add(1, ordering: .relaxed) }
  }

  init(_ answer: Answer) async throws {
    let counter = Counter()
    self.counter = counter
    listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(answer, counter))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var port: Int { listener.localAddress?.port ?? 0 }

  /// The requests that it has turned away.
  var requests: Int { counter.value }

  func close() async throws {
    try await listener.close()
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: Answer
    private let counter: Counter
    private var input = ByteBuffer()
    private var hasPreface = false

    init(_ answer: Answer, _ counter: Counter) {
      self.answer = answer
      self.counter = counter
    }

    func channelActive(context: ChannelHandlerContext) {
      write(context, [0, 0, 0, 4, 0, 0, 0, 0, 0])
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var bytes = unwrapInboundIn(data)
      input.writeBuffer(&bytes)
      if !hasPreface, input.readSlice(length: 24) != nil { hasPreface = true }
      while hasPreface, let (type, stream) = nextFrame() {
        guard type == 1 else { continue }
        counter.add()
        switch answer {
        case .refusal: write(context, [0, 0, 4, 3, 0, 0, 0, 0, UInt8(stream), 0, 0, 0, 7])
        case .goAway: write(context, [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        }
      }
    }

    private func nextFrame() -> (type: UInt8, stream: UInt32)? {
      guard let high = input.getInteger(at: input.readerIndex, as: UInt8.self),
        let low = input.getInteger(at: input.readerIndex + 1, as: UInt16.self),
        let type = input.getInteger(at: input.readerIndex + 3, as: UInt8.self),
        let stream = input.getInteger(at: input.readerIndex + 5, as: UInt32.self),
        input.readSlice(length: 9 + Int(high) << 16 + Int(low)) != nil
      else { return nil }
      return (type, stream)
    }

    private func write(_ context: ChannelHandlerContext, _ bytes: [UInt8]) {
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }
  }
}
