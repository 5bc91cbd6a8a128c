internal import Synchronization

/// The letters that are ready, from which the couriers of one worker take: so none of them is idle while another has many
/// left.
final class Pile: Sendable {
  typealias Letter = BatchPreparation.Letter

  /// Where fewer letters of a campaign are left, more are prepared: about what leaves meanwhile.
  private static let low = 100
  /// How many couriers prepare at once when nothing is left. More would be in each other's way.
  private static let mostPreparing = 4

  private struct State {
    var letters: [Int64: ArraySlice<Letter>] = [:]
    /// Campaigns of which somebody prepares more already.
    var ahead: Set<Int64> = []
    var preparing = 0
  }

  private let state = Mutex(State())
  private let added: @Sendable () -> Void

  /// - Parameter added: is called when letters came, for couriers that found none.
  init(added: @escaping @Sendable () -> Void = {}) {
    self.added = added
  }

  /// A campaign of which there are letters.
  var campaign: Int64? {
    state.withLock { $0.letters.keys.first }
  }

  /// A letter of a campaign, and whether its taker is to see to more.
  func take(of campaign: Int64) -> (letter: Letter, isToPrepare: Bool)? {
    state.withLock { state in
      guard let letter = state.letters[campaign]?.popFirst(), let left = state.letters[campaign]?.count else {
        return nil
      }
      if left == 0 { state.letters[campaign] = nil }
      return (letter, left < Self.low && state.ahead.insert(campaign).inserted)
    }
  }

  /// All that are left of a campaign.
  func takeAll(of campaign: Int64) -> [Letter] {
    state.withLock { Array($0.letters.removeValue(forKey: campaign) ?? []) }
  }

  /// Adds letters of a campaign.
  func add(_ letters: [Letter], of campaign: Int64) {
    if letters.isEmpty { return }
    state.withLock { $0.letters[campaign, default: []] += letters }
    added()
  }

  /// Whoever was told to prepare more of a campaign has done so, or could not.
  func endPreparingAhead(of campaign: Int64) {
    state.withLock { _ = $0.ahead.remove(campaign) }
  }

  /// Whether one that found no letters may prepare some; then it says when it ends. Otherwise others do.
  func beginPreparing() -> Bool {
    state.withLock { state in
      guard state.preparing < Self.mostPreparing else { return false }
      state.preparing += 1
      return true
    }
  }

  func endPreparing() {
    state.withLock { $0.preparing -= 1 }
  }
}
