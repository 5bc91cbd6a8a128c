import ServiceKit
import Synchronization

/// Keeps what was logged.
package final class RecordingSink: LogSink {
  private struct State {
    var kept: [UInt8] = []
    var watchers: [(text: String, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  /// Nothing was logged yet.
  package init() {}

  /// Keeps a line.
  package func write(_ line: [UInt8]) {
    let text = String(decoding: line, as: UTF8.self)
    let reached = state.withLock { state in
      state.kept += line
      let reached = state.watchers.filter { text.contains($0.text) }
      state.watchers.removeAll { text.contains($0.text) }
      return reached
    }
    for watcher in reached {
      watcher.continuation.resume()
    }
  }

  /// All lines so far.
  package var text: String {
    state.withLock { String(decoding: $0.kept, as: UTF8.self) }
  }

  /// Waits until a line with a text was logged.
  package func until(_ text: String) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if String(decoding: state.kept, as: UTF8.self).contains(text) {
          return true
        }
        state.watchers.append((text, continuation))
        return false
      }
      if isThere {
        continuation.resume()
      }
    }
  }
}
