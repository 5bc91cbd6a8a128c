import ServiceKit
import Synchronization

/// Keeps what was logged.
package final class RecordingSink: LogSink {
  private let kept = Mutex<[UInt8]>([])

  /// Nothing was logged yet.
  package init() {}

  /// Keeps a line.
  package func write(_ line: [UInt8]) {
    kept.withLock { $0 += line }
  }

  /// All lines so far.
  package var text: String {
    kept.withLock { String(decoding: $0, as: UTF8.self) }
  }
}
