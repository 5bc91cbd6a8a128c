import NIOCore

/// What waits to be sent on one stream of an ``HTTP2Session``. Not Sendable: it belongs to one event loop.
final class Outbox {
  /// Small messages at the head, one behind the other, in memory that serves stream after stream: most calls send nothing
  /// else.
  private(set) var small = ByteBuffer()
  /// What follows them.
  private(set) var pieces: [ByteBuffer] = []
  private var pieceIndex = 0
  private(set) var waiting = 0
  var isAboveBound = false
  var isDeferred = false
  var isEnded = false
  var trailers: HeaderBlock?

  /// Below this size a message is small, and while less than this waits at the head.
  private static let smallSize = 2_048
  /// The most that is kept for the next stream.
  private static let keptCapacity = 256
  private static let keptPieces = 16

  func append(_ message: FramedMessage) {
    waiting += message.count
    if pieces.isEmpty && max(message.count, small.readableBytes) < Self.smallSize {
      // What has gone makes room: a stream that never runs dry would otherwise grow by all that it sends.
      if small.writableBytes < message.count { small.discardReadBytes() }
      small.reserveCapacity(minimumWritableBytes: message.count)
      message.write(to: &small)
    } else {
      pieces.append(message.joined)
    }
  }

  /// Moves the first `count` of the waiting bytes to the end of `output`.
  func take(_ count: Int, into output: inout ByteBuffer) {
    waiting -= count
    var rest = count - Self.move(count, from: &small, to: &output)
    if small.readableBytes == 0 { small.clear() }
    while rest > 0, pieceIndex < pieces.count {
      rest -= Self.move(rest, from: &pieces[pieceIndex], to: &output)
      if pieces[pieceIndex].readableBytes == 0 { advance() }
    }
  }

  /// - Returns: how many bytes there were.
  private static func move(_ count: Int, from source: inout ByteBuffer, to output: inout ByteBuffer) -> Int {
    let count = min(count, source.readableBytes)
    guard count > 0, var slice = source.readSlice(length: count) else { return 0 }
    return output.writeBuffer(&slice)
  }

  private func advance() {
    pieces[pieceIndex] = ByteBuffer()
    pieceIndex += 1
    if pieceIndex == pieces.count {
      pieces.removeAll(keepingCapacity: pieces.count <= Self.keptPieces)
      pieceIndex = 0
    } else if pieceIndex > Self.keptPieces, pieceIndex * 2 > pieces.count {
      pieces.removeFirst(pieceIndex)
      pieceIndex = 0
    }
  }

  /// Empty and fit for another stream.
  func reset() {
    if small.capacity > Self.keptCapacity { small = ByteBuffer() } else { small.clear() }
    pieces.removeAll(keepingCapacity: pieces.count <= Self.keptPieces)
    pieceIndex = 0
    waiting = 0
    isAboveBound = false
    isDeferred = false
    isEnded = false
    trailers = nil
  }
}
