import Dispatch
import Glibc

/// Tells a connection when its socket can be read or written. Confined to the connection's queue.
///
/// It watches a duplicate of the descriptor: libpq may close its own at any time, and a source must not outlive the
/// descriptor that it was made for.
///
/// A source tells of the peer's end once and then falls silent, even if data are still to be read before the end. So
/// whoever waits asks ``isReady(reading:writing:)`` first.
final class SocketWatch {
  private let descriptor: Int32
  private let reader: any DispatchSourceRead
  private let writer: any DispatchSourceWrite
  private var isReading = false
  private var isWriting = false
  private var isCancelled = false

  /// - Throws: `.insufficientResources` when the process has no descriptor left.
  init(socket: Int32, connection: Connection) throws(DatabaseError) {
    let descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else {
      throw DatabaseError(.insufficientResources, "No file descriptor for a connection.", isSafeToRetry: true)
    }
    self.descriptor = descriptor
    let queue = connection.executor.queue
    reader = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    writer = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
    reader.setEventHandler { [weak connection] in connection?.socketIsReadable() }
    writer.setEventHandler { [weak connection] in connection?.socketIsWritable() }
    let ends = DispatchGroup()
    ends.enter()
    ends.enter()
    reader.setCancelHandler { ends.leave() }
    writer.setCancelHandler { ends.leave() }
    ends.notify(queue: queue) { close(descriptor) }
  }

  deinit { cancel() }

  /// Whether the socket can be read or written now, or is at its end.
  func isReady(reading: Bool, writing: Bool) -> Bool {
    let events = (reading ? POLLIN : 0) | (writing ? POLLOUT : 0)
    var query = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&query, 1, 0) != 0
  }

  func setReading(_ isWanted: Bool) {
    guard isWanted != isReading else { return }
    isReading = isWanted
    if isWanted { reader.resume() } else { reader.suspend() }
  }

  func setWriting(_ isWanted: Bool) {
    guard isWanted != isWriting else { return }
    isWriting = isWanted
    if isWanted { writer.resume() } else { writer.suspend() }
  }

  func cancel() {
    guard !isCancelled else { return }
    isCancelled = true
    reader.cancel()
    writer.cancel()
    // A suspended source is never told of its cancellation.
    setReading(true)
    setWriting(true)
  }
}
