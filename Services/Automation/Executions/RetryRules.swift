internal import RPC
internal import ServiceKit
internal import Values

/// When a call of another service that did not succeed is made again.
enum RetryRules {
  /// The longest wait between two tries.
  private static let longestPause = Duration.seconds(600)
  /// How long a step is tried. The called services remember a request for seven days (``RequestLedger/memory``): behind
  /// that, a try could take effect for the second time.
  private static let patience = Duration.seconds(6 * 86_400)

  /// What follows an error.
  ///
  /// - Parameters:
  ///   - attempts: tries before this one.
  ///   - since: the first try.
  static func settlement(
    of error: RPCError, attempts: Int64, since: Timestamp, now: Timestamp
  ) -> StepMachine.Settlement {
    guard error.isPassing else { return .failed(error.summary) }
    guard now.duration(since: since) < patience else {
      return .failed("No answer for six days. The last was \(error.summary)")
    }
    return .again(at: now.advanced(by: pause(after: attempts)))
  }

  /// How long to wait after so many tries: a second, then twice as long each time.
  static func pause(after attempts: Int64) -> Duration {
    min(longestPause, .seconds(Int64(1) << min(attempts, 20)))
  }
}
