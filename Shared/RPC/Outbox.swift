import NIOCore

/// What waits to be sent on one stream of an ``HTTP2Session``. Not Sendable: it belongs to one event loop.
final class Outbox {
  private var current = ByteBuffer()
  private var next: [ByteBuffer] = []
  private var nextIndex = 0
  private(set) var waiting = 0
  var isAboveBound = false
  var isDeferred = false
  var isEnded = false
  var trailers: HeaderBlock?

  func append(_ bytes: ByteBuffer) {
    waiting += bytes.readableBytes
    if current.readableBytes == 0 && nextIndex == next.count {
      current = bytes
    } else {
      next.append(bytes)
    }
  }

  /// Moves the first `count` of the waiting bytes to the end of `output`.
  func take(_ count: Int, into output: inout ByteBuffer) {
    var rest = count
    waiting -= count
    while rest > 0 {
      if current.readableBytes == 0 { advance() }
      guard var slice = current.readSlice(length: min(rest, current.readableBytes)) else { return }
      rest -= slice.readableBytes
      output.writeBuffer(&slice)
    }
    if current.readableBytes == 0 { advance() }
  }

  private func advance() {
    guard nextIndex < next.count else {
      current = ByteBuffer()
      return
    }
    current = next[nextIndex]
    next[nextIndex] = ByteBuffer()
    nextIndex += 1
    if nextIndex == next.count {
      next.removeAll(keepingCapacity: true)
      nextIndex = 0
    }
  }

  /// Empty and fit for another stream.
  func reset() {
    current = ByteBuffer()
    next.removeAll(keepingCapacity: next.count <= 16)
    nextIndex = 0
    waiting = 0
    isAboveBound = false
    isDeferred = false
    isEnded = false
    trailers = nil
  }
}
