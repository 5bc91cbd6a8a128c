#if DEBUG
  import NIOCore

  @testable import RPC

  /// Bytes as a stream of gRPC's messages, and messages as such bytes: what comes out does not depend on how the bytes
  /// were cut, and is what a reader of the whole would find.
  ///
  /// The input: flags, the pieces' size, then the bytes.
  enum FramingTarget {
    /// What the first byte says.
    struct Flags {
      let byte: UInt8

      var encoding: Compression { byte & 1 == 0 ? .identity : .gzip }
      /// Whether the bytes are messages to be framed, or frames.
      var areMessages: Bool { byte & 2 != 0 }
      /// Whether messages are taken as they come, or when all is here.
      var isEager: Bool { byte & 4 != 0 }
      var maxSize: Int { [0, 20, 1_000, 1 << 20][by: byte >> 3] }
    }

    static let pieceSizes = [Int.max, 1, 2, 3, 5, 8, 100, 2_047, 2_048, 5_000]

    static func run(_ bytes: [UInt8]) {
      var input = FuzzInput(bytes)
      let flags = Flags(byte: input.byte())
      let pieceSize = pieceSizes[by: input.byte()]
      let rest = input.rest()
      if flags.areMessages { runMessages(flags, pieceSize, rest) } else { runFrames(flags, pieceSize, rest) }
    }

    /// What a stream comes to: its messages, and how it ends.
    private struct Outcome: Equatable {
      var messages: [ByteBuffer] = []
      var failure: StatusCode?
    }

    private static func runFrames(_ flags: Flags, _ pieceSize: Int, _ bytes: [UInt8]) {
      let expected = expected(flags, ByteBuffer(bytes: bytes))
      let actual = actual(flags, pieceSize, ByteBuffer(bytes: bytes))
      // A message that is too large ends the call as soon as it is announced, whatever became of those before it.
      if actual.failure == .resourceExhausted, announcesTooMuch(flags, ByteBuffer(bytes: bytes)) {
        check(expected.messages.starts(with: actual.messages), "messages that nobody sent")
      } else {
        check(actual == expected, "\(actual) is not \(expected)")
      }
    }

    private static func runMessages(_ flags: Flags, _ pieceSize: Int, _ bytes: [UInt8]) {
      var input = FuzzInput(bytes)
      var messages: [ByteBuffer] = []
      var stream = ByteBuffer()
      while !input.isEmpty {
        // Large ones, too: those below a certain size are not compressed.
        let repetitions = [1, 1, 2, 100][by: input.byte()]
        let piece = input.bytes(Int(input.byte()))
        let message = ByteBuffer(bytes: (0..<repetitions).flatMap { _ in piece })
        do {
          try FramedMessage(message, maxSize: flags.maxSize, compression: flags.encoding).write(to: &stream)
          messages.append(message)
          check(message.readableBytes <= flags.maxSize, "a message larger than allowed is framed")
        } catch {
          check(message.readableBytes > flags.maxSize && error.code == .resourceExhausted, "\(error)")
        }
      }
      // gzip may make a message larger than it was, and so than is accepted.
      let actual = actual(flags, pieceSize, stream)
      if actual.failure == .resourceExhausted, flags.encoding == .gzip { return }
      check(actual == Outcome(messages: messages), "messages do not come back: \(actual)")
    }

    /// What an inbox makes of the stream.
    private static func actual(_ flags: Flags, _ pieceSize: Int, _ stream: ByteBuffer) -> Outcome {
      var outcome = Outcome()
      var stream = stream
      var inbox = MessageInbox(maxSize: flags.maxSize)
      var credit = 0
      inbox.encoding = flags.encoding
      do throws(RPCError) {
        while let piece = stream.readSlice(length: min(pieceSize, stream.readableBytes)), piece.readableBytes > 0 {
          inbox.isWanted = flags.isEager
          try inbox.receive(piece)
          if flags.isEager { _ = try take(from: &inbox, &outcome) }
          takeCredit(&inbox, &credit)
        }
        inbox.end()
        let isAtEnd = try take(from: &inbox, &outcome)
        check(isAtEnd && inbox.waiting == 0, "\(inbox.waiting) bytes wait behind the end")
        takeCredit(&inbox, &credit)
        check(credit == inbox.received, "the window stays closed")
      } catch {
        outcome.failure = error.code
      }
      inbox.drop()
      check(inbox.waiting == 0, "bytes wait that were dropped")
      takeCredit(&inbox, &credit)
      return outcome
    }

    /// - Returns: whether the stream has ended.
    private static func take(from inbox: inout MessageInbox, _ outcome: inout Outcome) throws(RPCError) -> Bool {
      while true {
        switch try inbox.next() {
        case .message(let message): outcome.messages.append(message)
        case .none: return false
        case .end: return true
        }
      }
    }

    private static func takeCredit(_ inbox: inout MessageInbox, _ credit: inout Int) {
      let more = inbox.takeCredit()
      credit += more
      check(more >= 0 && credit <= inbox.received, "the window opens for bytes that have not come")
    }

    /// What a reader of the whole finds.
    private static func expected(_ flags: Flags, _ stream: ByteBuffer) -> Outcome {
      var outcome = Outcome()
      var stream = stream
      while stream.readableBytes > 0 {
        guard let flag = stream.readInteger(as: UInt8.self), let length = stream.readInteger(as: UInt32.self) else {
          outcome.failure = .internal
          return outcome
        }
        guard length <= flags.maxSize else {
          outcome.failure = .resourceExhausted
          return outcome
        }
        guard let body = stream.readSlice(length: Int(length)) else {
          outcome.failure = .internal
          return outcome
        }
        do throws(RPCError) {
          outcome.messages.append(try content(of: body, flag, flags))
        } catch {
          outcome.failure = error.code
          return outcome
        }
      }
      return outcome
    }

    /// Whether a message is announced that is larger than allowed, be those before it right or not.
    private static func announcesTooMuch(_ flags: Flags, _ stream: ByteBuffer) -> Bool {
      var stream = stream
      while stream.readInteger(as: UInt8.self) != nil, let length = stream.readInteger(as: UInt32.self) {
        if length > flags.maxSize { return true }
        if stream.readSlice(length: Int(length)) == nil { return false }
      }
      return false
    }

    private static func content(of body: ByteBuffer, _ flag: UInt8, _ flags: Flags) throws(RPCError) -> ByteBuffer {
      switch (flag, flags.encoding) {
      case (0, _): return body
      case (1, .gzip):
        let content = try Gzip.decompress(body, maxSize: flags.maxSize)
        check(content.readableBytes <= flags.maxSize, "more is decompressed than allowed")
        return content
      default: throw RPCError(.internal, "")
      }
    }
  }
#endif
