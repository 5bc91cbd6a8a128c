/// A day of the proleptic Gregorian calendar, without a time or a zone.
///
/// From 0001-01-01 to 9999-12-31; a day before Christ or at infinity is no date of ours.
package struct CalendarDate: Sendable, Hashable, Comparable {
  /// Days since 1970-01-01; negative before it.
  package let daysSinceEpoch: Int32

  /// The first and last day that there is.
  package static let validDays: ClosedRange<Int32> = -719_162...2_932_896

  /// - Throws: ``ValueError`` for a day outside the years 1 to 9999.
  package init(daysSinceEpoch: Int32) throws(ValueError) {
    guard Self.validDays.contains(daysSinceEpoch) else { throw ValueError("A date is of the years 1 to 9999.") }
    self.daysSinceEpoch = daysSinceEpoch
  }

  /// - Throws: ``ValueError`` when there is no such day, such as 29 February of a common year.
  package init(year: Int, month: Int, day: Int) throws(ValueError) {
    guard (1...9999).contains(year) else { throw ValueError("A date is of the years 1 to 9999.") }
    guard (1...12).contains(month) else { throw ValueError("A month is 1 to 12.") }
    guard day >= 1, day <= Self.days(inMonth: month, ofYear: year) else {
      throw ValueError("The month has no such day.")
    }
    daysSinceEpoch = Int32(Self.days(beforeYear: year, month: month, day: day))
  }

  package static func < (left: CalendarDate, right: CalendarDate) -> Bool {
    left.daysSinceEpoch < right.daysSinceEpoch
  }

  /// The length of a month, 28 to 31; `month` is 1 to 12.
  package static func days(inMonth month: Int, ofYear year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Whether the year has a 29 February.
  package static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  /// Year, month and day of the calendar.
  ///
  /// Counts in eras of 400 years that begin on 1 March, so that the leap day is the last of its year.
  package var components: (year: Int, month: Int, day: Int) {
    let shifted = Int(daysSinceEpoch) + Self.daysFromEraToEpoch
    let era = shifted / Self.daysPerEra
    let dayOfEra = shifted % Self.daysPerEra
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static let daysPerEra = 146_097
  /// Days from 0000-03-01, where the first era begins, to 1970-01-01.
  private static let daysFromEraToEpoch = 719_468

  private static func days(beforeYear year: Int, month: Int, day: Int) -> Int {
    let marchYear = month <= 2 ? year - 1 : year
    let era = marchYear / 400
    let yearOfEra = marchYear % 400
    let shiftedMonth = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * daysPerEra + dayOfEra - daysFromEraToEpoch
  }
}

extension CalendarDate: CustomStringConvertible {
  /// ISO 8601: "2024-02-29".
  package var description: String {
    let (year, month, day) = components
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }

  /// Reads exactly "2024-02-29" (ISO 8601, extended form).
  ///
  /// - Throws: ``ValueError`` for any other form and for a day that does not exist.
  package init(parsing text: some StringProtocol) throws(ValueError) {
    var reader = DigitReader(text)
    let date = try Self.read(from: &reader)
    try reader.expectEnd()
    self = date
  }

  static func read(from reader: inout DigitReader) throws(ValueError) -> CalendarDate {
    let year = try reader.number(digits: 4)
    try reader.expect("-")
    let month = try reader.number(digits: 2)
    try reader.expect("-")
    return try CalendarDate(year: year, month: month, day: reader.number(digits: 2))
  }
}
