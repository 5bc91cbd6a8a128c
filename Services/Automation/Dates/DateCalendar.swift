internal import Messages
internal import UserTables
internal import Values

/// Tells, of one profile after the other, what is due of its date in its zone.
struct DateCalendar {
  private let rule: DateRule
  private let window: DateWindow
  private let days: [CalendarDate]
  /// The entity's.
  private let fallback: Zone
  private var zones: [String: Zone] = [:]
  /// The instants of the rule's time of day, on each of ``days``.
  private var hours: [Zone: [Timestamp?]] = [:]

  /// - Parameter zone: of profiles without one that is known.
  init(rule: DateRule, window: DateWindow, zone: String) {
    self.rule = rule
    self.window = window
    days = window.days
    fallback = Zone(zone) ?? .utc
    _ = hours(in: fallback)
  }

  /// What begins now for a profile.
  mutating func due(_ profile: InternalV1.DatedProfile) -> [DueDate] {
    let zone = zone(profile.timeZone)
    guard let base = Self.base(profile.value, in: zone) else { return [] }
    let hours = hours(in: zone)
    var due: [DueDate] = []
    for (day, hour) in zip(days, hours) {
      guard let hour, window.verdict(on: hour, of: day, in: zone) == .begins,
        let occurrence = rule.occurrence(of: base, beginningOn: day)
      else { continue }
      due.append(DueDate(profile: Int64(profile.id), occurrence: occurrence))
    }
    return due
  }

  /// The next hour at which something may be due in one of the zones that were met.
  ///
  /// Whether or not anybody has a date then: one may be set until then.
  var nextHour: Timestamp? {
    hours.values.flatMap { $0 }.compactMap(\.self).filter { $0 > window.now }.min()
  }

  private static func base(_ value: TypeV1.Value?, in zone: Zone) -> DateRule.Base? {
    switch value?.kind {
    case .dateValue(let message):
      guard let day = try? CalendarDate(message) else { return nil }
      return DateRule.Base(day: day, fixed: day)
    case .timestampValue(let message):
      guard let time = try? Timestamp(message), let day = try? zone.day(of: time), let fixed = try? time.utcDate else {
        return nil
      }
      return DateRule.Base(day: day, fixed: fixed)
    default: return nil
    }
  }

  private mutating func zone(_ name: String) -> Zone {
    if let known = zones[name] { return known }
    let zone = Zone(name) ?? fallback
    zones[name] = zone
    return zone
  }

  private mutating func hours(in zone: Zone) -> [Timestamp?] {
    if let known = hours[zone] { return known }
    let found = days.map { try? zone.instant(of: $0, second: rule.secondOfDay) }
    hours[zone] = found
    return found
  }
}
