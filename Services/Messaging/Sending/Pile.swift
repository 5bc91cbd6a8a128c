internal import Synchronization

/// The letters that are ready, from which the couriers of one worker take: so none of them is idle while another has many
/// left.
final class Pile: Sendable {
  typealias Letter = BatchPreparation.Letter

  /// Where fewer letters are left, somebody prepares more: about what leaves meanwhile.
  private static let low = 100
  /// How many couriers prepare at once when nothing is left. More would be in each other's way.
  private static let mostPreparing = 4

  private struct State {
    var letters: [Int64: ArraySlice<Letter>] = [:]
    var count = 0
    var preparing = 0
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
      state.letters[campaign, default: []] += letters
      state.count += letters.count
    }
    added()
  }

  // MARK: - Who prepares

  /// Whether one that has letters should prepare more before it goes on; then it says when it ends.
  func beginPreparingAhead() -> Bool {
    state.withLock { state in
      guard state.count < Self.low, state.preparing == 0, !state.isAll else { return false }
      state.preparing += 1
      return true
    }
  }

  /// Whether one that found no letters may prepare some; then it says when it ends. Otherwise others do.
  func beginPreparing() -> Bool {
    state.withLock { state in
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
