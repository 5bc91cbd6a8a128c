import NIOCore

/// Turns the bytes of a stream into gRPC messages, one at a time as the reader asks, and says how far the peer's
/// window may open. No I/O.
///
/// A message is five bytes of prefix (a flag and a length) and its body (grpc/doc/PROTOCOL-HTTP2.md,
/// "Length-Prefixed-Message"). The window opens for what the reader took, and, while the reader waits for a message
/// that is not whole, for all that has come: a message larger than the window must be able to arrive. Nothing is
/// allocated for what is announced, only for what has come.
struct MessageInbox {
  enum Next: Equatable {
    case message(ByteBuffer)
    /// No whole message is here; more may come.
    case none
    /// The peer has ended its side, and all messages were taken.
    case end
  }

  /// The encoding that the peer named for compressed messages.
  var encoding = Compression.identity
  /// Whether somebody waits for the next message.
  var isWanted = false
  private(set) var isEnded = false
  /// Whether the message that was taken last came compressed.
  private(set) var wasCompressed = false
  private(set) var received = 0
  private let maxSize: Int
  private var taken = 0
  private var credited = 0
  private var head = ByteBuffer()
  private var tail: [ByteBuffer] = []

  /// Below this size a piece is copied: it must not keep a whole read buffer alive while it waits.
  private static let smallPiece = 2_048

  init(maxSize: Int) {
    self.maxSize = maxSize
  }

  /// The bytes that wait here.
  var waiting: Int { received - taken }

  /// Takes bytes of a DATA frame.
  ///
  /// - Throws: RESOURCE_EXHAUSTED when the first message is announced larger than allowed.
  mutating func receive(_ bytes: ByteBuffer) throws(RPCError) {
    received += bytes.readableBytes
    append(bytes)
    try checkSize()
  }

  /// The peer sends no more.
  mutating func end() {
    isEnded = true
  }

  /// Takes the next message, decompressed.
  ///
  /// - Throws: RESOURCE_EXHAUSTED for one that is too large, INTERNAL for one that breaks the protocol.
  mutating func next() throws(RPCError) -> Next {
    guard let prefix = peekPrefix(), prefix.length <= waiting - 5 else {
      guard isEnded else { return .none }
      if waiting > 0 { throw RPCError(.internal, "The stream ended within a message.") }
      return .end
    }
    isWanted = false
    guard prefix.length <= maxSize else { throw tooLarge(prefix.length) }
    _ = take(5)
    let body = take(prefix.length)
    taken += 5 + prefix.length
    try checkSize()
    wasCompressed = prefix.flag == 1
    return .message(try decompress(body, flag: prefix.flag))
  }

  /// Forgets what waits.
  mutating func drop() {
    taken = received
    head = ByteBuffer()
    tail = []
  }

  /// The bytes by which the peer's window may open now; counts them as given.
  mutating func takeCredit() -> Int {
    let target = isWanted && !hasMessage ? received : max(taken, credited)
    defer { credited = target }
    return target - credited
  }

  /// Whether the next message is here, whole.
  private var hasMessage: Bool {
    peekPrefix().map { $0.length <= waiting - 5 } ?? false
  }

  /// The one message of a side that has ended, left where it is; nil unless it is here in one piece and not compressed.
  var onlyMessage: ByteBuffer? {
    guard isEnded, let prefix = peekPrefix(), prefix.flag == 0, prefix.length == waiting - 5 else { return nil }
    return head.getSlice(at: head.readerIndex + 5, length: prefix.length)
  }

  private func decompress(_ body: ByteBuffer, flag: UInt8) throws(RPCError) -> ByteBuffer {
    switch (flag, encoding) {
    case (0, _): return body
    case (1, .gzip): return try Gzip.decompress(body, maxSize: maxSize)
    case (1, .identity): throw RPCError(.internal, "A message is compressed, but no grpc-encoding was named.")
    default: throw RPCError(.internal, "A message has the unknown flag \(flag).")
    }
  }

  private func checkSize() throws(RPCError) {
    if let prefix = peekPrefix(), prefix.length > maxSize { throw tooLarge(prefix.length) }
  }

  private func tooLarge(_ length: Int) -> RPCError {
    RPCError(.resourceExhausted, "A message of \(length) bytes is larger than the \(maxSize) that are accepted.")
  }
}

// MARK: - The bytes

extension MessageInbox {
  private mutating func append(_ bytes: ByteBuffer) {
    if head.readableBytes == 0 && tail.isEmpty {
      head = bytes
    } else if bytes.readableBytes >= Self.smallPiece {
      tail.append(bytes)
    } else if let last = tail.last, last.readableBytes < Self.smallPiece {
      tail[tail.count - 1].writeImmutableBuffer(bytes)
    } else {
      var copy = ByteBuffer()
      copy.reserveCapacity(Self.smallPiece)
      copy.writeImmutableBuffer(bytes)
      tail.append(copy)
    }
  }

  private func peekPrefix() -> (flag: UInt8, length: Int)? {
    guard waiting >= 5 else { return nil }
    if head.readableBytes >= 5 { return Self.prefix(head) }
    var joined = head
    for piece in tail where joined.readableBytes < 5 { joined.writeImmutableBuffer(piece) }
    return Self.prefix(joined)
  }

  private static func prefix(_ bytes: ByteBuffer) -> (flag: UInt8, length: Int)? {
    guard let flag = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self),
      let length = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt32.self)
    else { return nil }
    return (flag, Int(length))
  }

  /// Takes bytes that are known to wait: without copying when one piece holds them all.
  private mutating func take(_ count: Int) -> ByteBuffer {
    if head.readableBytes == 0 && count > 0 { advance() }
    if let slice = head.readSlice(length: count) {
      if head.readableBytes == 0 && !tail.isEmpty { advance() }
      return slice
    }
    var joined = ByteBuffer()
    joined.reserveCapacity(count)
    while joined.readableBytes < count {
      if head.readableBytes == 0 { advance() }
      guard var slice = head.readSlice(length: min(count - joined.readableBytes, head.readableBytes)) else { break }
      joined.writeBuffer(&slice)
    }
    return joined
  }

  private mutating func advance() {
    head = tail.isEmpty ? ByteBuffer() : tail.removeFirst()
  }
}
