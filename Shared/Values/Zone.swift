internal import Foundation

/// The time zone that the days of an entity or a profile follow.
package struct Zone: Sendable, Hashable {
  private let rules: TimeZone

  /// UTC: what a caller without an entity's zone falls back on.
  package static let utc = Zone(rules: .gmt)

  private init(rules: TimeZone) {
    self.rules = rules
  }

  /// - Parameter identifier: an IANA name, such as `Europe/Brussels`. Nil when there is no such zone.
  package init?(_ identifier: String) {
    guard identifier == "UTC" || identifier.contains("/"), let rules = TimeZone(identifier: identifier) else {
      return nil
    }
    self.rules = rules
  }

  /// The first instant of a day. Where clocks spring forward over midnight, it is the instant at which they do.
  package func start(of day: CalendarDate) throws(ValueError) -> Timestamp {
    try instant(of: day, second: 0)
  }

  /// The instant at which clocks show a time of a day: the first, where they show it twice, and the change itself, where
  /// they spring forward over it.
  ///
  /// - Parameter second: of the day as clocks show it without a change: 0 to 86,399.
  package func instant(of day: CalendarDate, second: Int) throws(ValueError) -> Timestamp {
    let local = Int64(day.daysSinceEpoch) * 86_400 + Int64(second)
    // The offset before that time and the one after it: at most one change of clocks lies between.
    let before = offset(at: local - 86_400)
    let after = offset(at: local + 86_400)
    let candidates = [local - before, local - after]
    let exact = candidates.filter { $0 + offset(at: $0) == local }.min()
    let seconds = exact ?? firstInstant(after: candidates.min() ?? local, local: local)
    return try Timestamp(microsecondsSinceEpoch: seconds * 1_000_000)
  }

  /// The day that an instant falls on.
  package func day(of instant: Timestamp) throws(ValueError) -> CalendarDate {
    let seconds = instant.microsecondsSinceEpoch.flooredDivision(by: 1_000_000)
    let local = seconds + offset(at: seconds)
    return try CalendarDate(daysSinceEpoch: Int32(clamping: local.flooredDivision(by: 86_400)))
  }

  /// How far its clocks are ahead of UTC at an instant.
  package func offset(at instant: Timestamp) -> Duration {
    .seconds(offset(at: instant.microsecondsSinceEpoch.flooredDivision(by: 1_000_000)))
  }

  private func offset(at seconds: Int64) -> Int64 {
    Int64(rules.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(seconds))))
  }

  /// Where a time is skipped, the change itself: found by halving the hours around it.
  private func firstInstant(after start: Int64, local: Int64) -> Int64 {
    var low = start - 86_400
    var high = start + 86_400
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if middle + offset(at: middle) >= local { high = middle } else { low = middle }
    }
    return high
  }
}

extension Int64 {
  fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
    let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? quotient - 1 : quotient
  }
}
