/// Bounds what a connection keeps for calls that do not read: above the bound, only one stream's window opens.
///
/// One stream goes on always, so that large messages which came in pieces are completed one after the other instead of
/// blocking each other for ever.
struct ReceiveBudget {
  struct Credit: Equatable {
    var stream: Int32
    var count: Int
  }

  private let bound: Int
  /// Bytes that wait for their readers.
  private(set) var buffered = 0
  private var favourite: Int32?
  private var held: [Credit] = []

  init(bound: Int) {
    self.bound = bound
  }

  /// Bytes of a stream wait for its reader.
  mutating func arrived(_ count: Int) {
    buffered += count
  }

  /// A stream's window could open.
  ///
  /// - Parameter isDone: whether nothing of the stream waits; then it costs no memory, and its window opens always.
  /// - Returns: what opens now; the rest follows from ``left(_:_:isDone:)``.
  mutating func wants(_ credit: Credit, isDone: Bool) -> Credit? {
    if isDone || buffered <= bound || favourite == credit.stream { return credit }
    if favourite == nil {
      favourite = credit.stream
      return credit
    }
    held.append(credit)
    return nil
  }

  /// Bytes of a stream wait no longer.
  ///
  /// - Parameter isDone: whether nothing of the stream waits any more.
  /// - Returns: what opens now.
  mutating func left(_ stream: Int32, _ count: Int, isDone: Bool) -> [Credit] {
    buffered -= count
    if buffered <= bound {
      favourite = nil
      defer { held = [] }
      return held
    }
    guard isDone && favourite == stream else { return [] }
    return promote()
  }

  /// Lets the stream go on that has waited longest.
  private mutating func promote() -> [Credit] {
    favourite = held.first?.stream
    let opened = held.filter { $0.stream == favourite }
    held.removeAll { $0.stream == favourite }
    return opened
  }
}
