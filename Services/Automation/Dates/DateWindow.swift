internal import Values

/// What is due of the dates that come round: between the last look and this one, and on the days that still last.
///
/// ```
///   floor          behind                    now                  next look
///  ───┼──────────────┼─────────────────────────┼──────────────────────┼───▶
///  never   begins while its day lasts   begins   looked for at its hour
/// ```
struct DateWindow: Sendable, Hashable {
  /// How late something may begin that could not in time.
  static let patience = Duration.seconds(48 * 3_600)
  /// The zones of the world, from the last to see a day to the first.
  private static let west = Duration.seconds(12 * 3_600)
  private static let east = Duration.seconds(14 * 3_600)

  let now: Timestamp
  /// What was due by then has begun.
  private let behind: Timestamp
  /// What was due before then never begins.
  private let floor: Timestamp
  /// How far ahead the next look may lie.
  private let reach: Duration

  /// - Parameters:
  ///   - activatedAt: of the scenario.
  ///   - plannedUntil: when it was looked last, since its activation; nil: never.
  init(now: Timestamp, activatedAt: Timestamp, plannedUntil: Timestamp?, reach: Duration) {
    self.now = now
    self.reach = reach
    // A clock that was set back does not know what has begun since; what has is not begun again, whatever is looked for.
    behind = min(plannedUntil ?? activatedAt, now)
    floor = activatedAt <= now ? activatedAt : behind
  }

  /// What becomes of something that is due at an instant.
  enum Verdict: Sendable, Hashable {
    case begins
    case later
    case never
  }

  /// - Parameters:
  ///   - instant: when it is due, on a day of a zone.
  func verdict(on instant: Timestamp, of day: CalendarDate, in zone: Zone) -> Verdict {
    if instant > now { return .later }
    if instant < floor || now.duration(since: instant) > Self.patience { return .never }
    if instant > behind { return .begins }
    // The date or the zone may have been set when its hour had passed.
    return (try? zone.day(of: now)) == day ? .begins : .never
  }

  /// The days on which something can be due, wherever in the world.
  var days: [CalendarDate] {
    let first = max(behind, now.advanced(by: .zero - Self.patience)).advanced(by: .zero - Self.west)
    let last = now.advanced(by: reach + Self.east)
    guard let start = try? first.utcDate, let end = try? last.utcDate, start <= end else { return [] }
    return (start.daysSinceEpoch...end.daysSinceEpoch).compactMap { try? CalendarDate(daysSinceEpoch: $0) }
  }
}
