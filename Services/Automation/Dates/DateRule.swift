internal import Messages
internal import Values

/// When dates of profiles come round, by a scenario's trigger. It knows no zone and no clock.
struct DateRule: Sendable, Hashable {
  /// A date that has come round.
  struct Occurrence: Sendable, Hashable {
    /// Tells it from the others of the same profile.
    let key: Int64
    /// The day on which it comes round, without the offset.
    let date: CalendarDate
    /// Nil of a date that comes once.
    let years: Int?
  }

  /// A date of a profile.
  struct Base: Sendable, Hashable {
    /// As the profile's zone has it.
    let day: CalendarDate
    /// As UTC has it, which no change of zone changes.
    let fixed: CalendarDate
  }

  /// The trigger's values.
  static let dateValue = "date"
  static let yearsValue = "years"

  let attribute: String
  let secondOfDay: Int
  private let isYearly: Bool
  private let offset: Int32
  private let leapDay: AutomationV1.LeapDay

  /// - Parameter trigger: checked.
  init(_ trigger: AutomationV1.DateTrigger) {
    attribute = trigger.attribute
    let time = trigger.timeOfDay ?? .init()
    secondOfDay = Int(time.hour) * 3_600 + Int(time.minute) * 60 + Int(time.second)
    isYearly = trigger.recurrence == .yearly
    offset = trigger.offsetDays
    leapDay = trigger.leapDay == .unspecified ? .february28 : trigger.leapDay
  }

  // MARK: - Coming round

  /// What a date begins on a day; nil: nothing.
  func occurrence(of base: Base, beginningOn day: CalendarDate) -> Occurrence? {
    guard let date = date(behind: day) else { return nil }
    if !isYearly {
      return date == base.day ? Occurrence(key: Int64(base.fixed.daysSinceEpoch), date: date, years: nil) : nil
    }
    let (round, first) = (date.components, base.day.components)
    guard round.year > first.year, self.daysOfYear(of: date).contains(DayOfYear(base.day)) else { return nil }
    let years = round.year - first.year
    // Counted from the year in UTC: whoever moves at New Year has one birthday, not two.
    return Occurrence(key: Int64(base.fixed.components.year + years), date: date, years: years)
  }

  /// The date that a day of beginning belongs to.
  private func date(behind day: CalendarDate) -> CalendarDate? {
    try? CalendarDate(daysSinceEpoch: day.daysSinceEpoch - offset)
  }

  private struct DayOfYear: Hashable {
    let month: Int
    let day: Int

    init(month: Int, day: Int) {
      self.month = month
      self.day = day
    }

    init(_ date: CalendarDate) {
      self.init(month: date.components.month, day: date.components.day)
    }

    static let leap = DayOfYear(month: 2, day: 29)
  }

  /// The days of the year that come round on a date: itself, and 29 February where it is that day's stand-in.
  private func daysOfYear(of date: CalendarDate) -> [DayOfYear] {
    let own = DayOfYear(date)
    let standIn: DayOfYear? =
      switch leapDay {
      case .february28: DayOfYear(month: 2, day: 28)
      case .march1: DayOfYear(month: 3, day: 1)
      default: nil
      }
    return own == standIn && !CalendarDate.isLeap(date.components.year) ? [own, .leap] : [own]
  }

  // MARK: - Asking

  /// The days that dates of profiles must fall on, so that they may begin something on some days.
  ///
  /// - Parameter isTimestamp: whether the attribute's values are times, whose days differ from zone to zone: they are asked
  ///   for by their day in UTC, so those of the neighbouring days may be meant too.
  func askedDays(beginningOn days: [CalendarDate], isTimestamp: Bool) -> [InternalV1.CalendarDay] {
    let reach: ClosedRange<Int32> = isTimestamp ? -1...1 : 0...0
    let dates = days.compactMap(date(behind:))
    var asked: Set<CalendarDate> = []
    if isYearly {
      // Of a common year and of a leap year: the neighbours of the end of February differ.
      for day in dates.flatMap(daysOfYear(of:)) {
        for year in [2_023, 2_024] {
          guard let date = try? CalendarDate(year: year, month: day.month, day: day.day) else { continue }
          asked.formUnion(date.neighbours(reach))
        }
      }
    } else {
      asked = Set(dates.flatMap { $0.neighbours(reach) })
    }
    let messages = asked.map { date in
      var day = InternalV1.CalendarDay()
      day.year = isYearly ? 0 : Int32(date.components.year)
      (day.month, day.day) = (Int32(date.components.month), Int32(date.components.day))
      return day
    }
    return Set(messages).sorted { ($0.year, $0.month, $0.day) < ($1.year, $1.month, $1.day) }
  }
}

extension CalendarDate {
  fileprivate func neighbours(_ reach: ClosedRange<Int32>) -> [CalendarDate] {
    reach.compactMap { try? CalendarDate(daysSinceEpoch: daysSinceEpoch + $0) }
  }
}
