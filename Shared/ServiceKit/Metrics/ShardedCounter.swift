import Glibc
import Synchronization

/// A number that many threads add to without waiting for each other, each mostly in a cell of its own.
final class ShardedCounter: Sendable {
  /// A cell with its neighbours kept off its cache line.
  private final class Cell: Sendable {
    let value = Atomic<Int>(0)
    private let padding = InlineArray<14, Int>(repeating: 0)
  }

  private let cells: [Cell]

  init() {
    cells = (0..<ThreadShard.count).map { _ in Cell() }
  }

  func add(_ amount: Int) {
    cells[ThreadShard.current].value.wrappingAdd(amount, ordering: .relaxed)
  }

  /// The sum. Additions that happen meanwhile may be in it or not.
  var sum: Int {
    cells.reduce(0) { $0 &+ $1.value.load(ordering: .relaxed) }
  }

  func reset() {
    for cell in cells {
      cell.value.store(0, ordering: .relaxed)
    }
  }
}

/// Which cell the current thread adds to.
enum ThreadShard {
  /// Cells a counter has.
  static let count = 8

  /// The current thread's cell: its descriptor's address, spread by multiplicative hashing.
  static var current: Int {
    Int((UInt64(pthread_self()) &* 0x9e37_79b9_7f4a_7c15) >> 61)
  }
}
