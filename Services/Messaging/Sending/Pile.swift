internal import Synchronization

/// The letters that are ready, from which the couriers of one worker take: so none of them is idle while another has many
/// left.
final class Pile: Sendable {
  typealias Letter = BatchPreparation.Letter

  /// How few letters may be left before somebody prepares more. It grows where couriers had to wait for letters, and
  /// shrinks where many were left when more came: so a letter is prepared only about as early as it must be.
  private static let low = 100...1_600
  /// How many couriers prepare at once. More would be in each other's way.
  private static let mostPreparing = 4

  private struct State {
    var letters: [Int64: ArraySlice<Letter>] = [:]
    var count = 0
    var preparing = 0
    var low = Pile.low.lowerBound
    /// Somebody found no letters, since the last came.
    var isShort = false
    /// The last who prepared found nothing that is due.
    var isAll = false
  }

  private let state = Mutex(State())
  private let added: @Sendable () -> Void

  /// - Parameter added: is called when letters came, for couriers that found none.
  init(added: @escaping @Sendable () -> Void = {}) {
    self.added = added
  }

  /// A campaign of which there are letters: another than this, if there is one.
  func campaign(otherThan last: Int64? = nil) -> Int64? {
    state.withLock { state in
      state.letters.keys.first { $0 != last } ?? state.letters.keys.first
    }
  }

  /// The next letter of a campaign.
  func take(of campaign: Int64) -> Letter? {
    state.withLock { state in
      guard let letter = state.letters[campaign]?.popFirst() else { return nil }
      if state.letters[campaign]?.isEmpty == true { state.letters[campaign] = nil }
      state.count -= 1
      return letter
    }
  }

  /// All that are left of a campaign.
  func takeAll(of campaign: Int64) -> [Letter] {
    state.withLock { state in
      let letters = Array(state.letters.removeValue(forKey: campaign) ?? [])
      state.count -= letters.count
      return letters
    }
  }

  /// Adds letters of a campaign.
  func add(_ letters: [Letter], of campaign: Int64) {
    if letters.isEmpty { return }
    state.withLock { state in
      if state.count > state.low / 2 { state.low = max(state.low - state.low / 8, Self.low.lowerBound) }
      state.isShort = false
      state.letters[campaign, default: []] += letters
      state.count += letters.count
    }
    added()
  }

  // MARK: - Who prepares

  /// Whether one that has letters should prepare more before it goes on; then it says when it ends.
  func beginPreparingAhead() -> Bool {
    state.withLock { state in
      let coming = state.preparing * Preparer.batch
      guard state.count + coming < state.low, state.preparing < Self.mostPreparing, !state.isAll else { return false }
      state.preparing += 1
      return true
    }
  }

  /// Whether one that found no letters may prepare some; then it says when it ends. Otherwise others do.
  func beginPreparing() -> Bool {
    state.withLock { state in
      if !state.isShort, !state.isAll {
        state.isShort = true
        state.low = min(2 * state.low, Self.low.upperBound)
      }
      guard state.preparing < Self.mostPreparing else { return false }
      state.preparing += 1
      return true
    }
  }

  /// - Parameter isAll: nothing else was due.
  func endPreparing(isAll: Bool = false) {
    state.withLock { state in
      state.preparing -= 1
      state.isAll = isAll
    }
  }
}
