import Foundation
import Synchronization

/// The instants that were given as answers, by the payload that asked.
final class KeptAnswers: Sendable {
  private static let bound = 1_000

  private let answers = Mutex<[[UInt8]: String]>([:])

  /// Now in nanoseconds, or what was answered to the same payload before.
  func answer(to payload: [UInt8]) -> String {
    answers.withLock { answers in
      if let kept = answers[payload] { return kept }
      if answers.count >= Self.bound { answers = [:] }
      let answer = "\(Int64(Date().timeIntervalSince1970 * 1e9))"
      answers[payload] = answer
      return answer
    }
  }
}
