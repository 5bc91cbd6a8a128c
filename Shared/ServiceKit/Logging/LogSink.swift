import Glibc
import Synchronization

/// Takes whole lines.
package protocol LogSink: Sendable {
  /// Writes a line, its newline included. Lines of several threads never mix.
  func write(_ line: [UInt8])
}

/// Standard error.
package final class StandardErrorSink: LogSink {
  private let lock = Mutex(())

  /// The process's standard error.
  package init() {}

  /// Writes the line, waiting while the reader is slow. What cannot be written is lost: there is nowhere to say so.
  package func write(_ line: [UInt8]) {
    lock.withLock { _ in
      line.withUnsafeBytes { bytes in
        var written = 0
        while written < bytes.count {
          let count = Glibc.write(STDERR_FILENO, bytes.baseAddress?.advanced(by: written), bytes.count - written)
          if count < 0 && errno != EINTR {
            return
          }
          written += max(count, 0)
        }
      }
    }
  }
}
