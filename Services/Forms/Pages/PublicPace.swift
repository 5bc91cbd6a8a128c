internal import Synchronization

/// Limits what strangers have a form keep: a public link is everybody's.
///
/// 8 MiB of answers a minute for each form and each copy of the service; an answer counts as 1 KiB at least. That lets
/// some thousand people answer in a minute, and no disk be filled in an hour. Personal links are not limited.
final class PublicPace: Sendable {
  static let mostBytes = 8 << 20
  static let leastBytesOfOne = 1 << 10
  private static let window = Duration.seconds(60)

  private struct State {
    var start: ContinuousClock.Instant?
    /// What was taken since, by the forms' numbers.
    var bytes: [Int64: Int] = [:]
  }

  private let state = Mutex(State())

  /// Whether answers of a form may be kept now; if so, they are counted.
  func admits(_ bytes: Int, to form: Int64, at now: ContinuousClock.Instant) -> Bool {
    state.withLock { state in
      if state.start.map({ now - $0 >= Self.window }) ?? true { state = State(start: now) }
      let sum = state.bytes[form, default: 0] + max(bytes, Self.leastBytesOfOne)
      guard sum <= Self.mostBytes else { return false }
      state.bytes[form] = sum
      return true
    }
  }
}
