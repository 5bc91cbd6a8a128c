internal import RPC
package import ServiceKit
internal import Synchronization

/// Lets few exports run at once, and none whose reader hardly reads.
///
/// An export holds a connection of the service's few, and a snapshot, for as long as its reader takes: without a limit some
/// slow readers keep everybody else from the database. One gate stands before all exports of a service's copy.
package final class ExportGate: Sendable {
  /// The most exports at once: half of the connections for transactions.
  package static let mostAtOnce = 4
  /// How long a reader may keep an export waiting in all, besides ``leastBytesPerSecond``: one minute.
  package static let patience = Duration.seconds(60)
  /// What a reader must take in a second of waiting, on the average: 64 KiB.
  package static let leastBytesPerSecond = 64 << 10

  private let time: any TimeSource
  private let running = Mutex(0)

  /// A gate that nobody has passed.
  package init(time: any TimeSource) {
    self.time = time
  }

  /// Runs an export.
  ///
  /// - Parameters:
  ///   - send: gives a chunk to the reader; returns when there is room for another.
  ///   - export: sends its chunks by what it is given.
  /// - Throws: ``RPCError`` `RESOURCE_EXHAUSTED` when as many exports run as may, `DEADLINE_EXCEEDED` when the reader is too
  ///   slow; what `export` throws.
  nonisolated(nonsending) package func run(
    _ send: @escaping @Sendable ([UInt8]) async throws -> Void,
    _ export: nonisolated(nonsending) (nonisolated(nonsending) ([UInt8]) async throws -> Void) async throws -> Void
  ) async throws {
    try enter()
    defer { running.withLock { $0 -= 1 } }
    var patience = Self.patience
    try await export { chunk in
      patience += .seconds(1) * chunk.count / Self.leastBytesPerSecond
      let start = time.monotonic
      try await within(patience) { try await send(chunk) }
      patience -= time.monotonic - start
      guard patience >= .zero else { throw RPCError.readerTooSlow }
    }
  }

  private nonisolated(nonsending) func within(
    _ patience: Duration, _ send: @escaping @Sendable () async throws -> Void
  ) async throws {
    let end = time.monotonic + patience
    try await withThrowingTaskGroup { group in
      group.addTask { try await send() }
      group.addTask { [time] in
        try await time.sleep(until: end)
        throw RPCError.readerTooSlow
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func enter() throws(RPCError) {
    let isOpen = running.withLock { running in
      guard running < Self.mostAtOnce else { return false }
      running += 1
      return true
    }
    if !isOpen { throw .tooManyExports }
  }
}

extension RPCError {
  fileprivate static let tooManyExports = RPCError(
    .resourceExhausted, "\(ExportGate.mostAtOnce) exports run already. Try again when one of them has ended.",
    reason: "TOO_MANY_EXPORTS")

  fileprivate static let readerTooSlow = RPCError(
    .deadlineExceeded,
    "The export was read too slowly. Read at least \(ExportGate.leastBytesPerSecond >> 10) KiB a second, and export again.",
    reason: "EXPORT_READ_TOO_SLOWLY")
}
