/// An instant, to the microsecond.
///
/// Within the years 1 to 9999 of UTC, as ``CalendarDate``.
package struct Timestamp: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01T00:00:00Z without leap seconds; negative before it.
  package let microsecondsSinceEpoch: Int64

  /// The first and last instant that there is.
  package static let validMicroseconds: ClosedRange<Int64> =
    Int64(CalendarDate.validDays.lowerBound) * microsecondsPerDay...(Int64(CalendarDate.validDays.upperBound) + 1)
    * microsecondsPerDay - 1

  /// The length of a day without a change of clocks.
  package static let microsecondsPerDay: Int64 = 86_400_000_000

  /// 1970-01-01T00:00:00Z.
  package static let epoch = Timestamp(valid: 0)

  /// - Throws: ``ValueError`` for an instant outside the years 1 to 9999.
  package init(microsecondsSinceEpoch: Int64) throws(ValueError) {
    guard Self.validMicroseconds.contains(microsecondsSinceEpoch) else {
      throw ValueError("A timestamp is of the years 1 to 9999.")
    }
    self.init(valid: microsecondsSinceEpoch)
  }

  private init(valid microseconds: Int64) {
    microsecondsSinceEpoch = microseconds
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
  }

  /// This instant and `duration`, cut to whole microseconds and kept within the years 1 to 9999.
  package func advanced(by duration: Duration) -> Timestamp {
    let (seconds, attoseconds) = duration.components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    let valid = Self.validMicroseconds
    if overflow { return Timestamp(valid: seconds < 0 ? valid.lowerBound : valid.upperBound) }
    let (sum, overflow2) = microsecondsSinceEpoch.addingReportingOverflow(whole)
    if overflow2 { return Timestamp(valid: seconds < 0 ? valid.lowerBound : valid.upperBound) }
    let moved = sum.addingReportingOverflow(attoseconds / 1_000_000_000_000).partialValue
    return Timestamp(valid: min(max(moved, valid.lowerBound), valid.upperBound))
  }

  /// How long after `other` this instant is; negative when before it.
  package func duration(since other: Timestamp) -> Duration {
    .microseconds(microsecondsSinceEpoch - other.microsecondsSinceEpoch)
  }

  /// The day in UTC.
  package var utcDate: CalendarDate {
    get throws(ValueError) { try CalendarDate(daysSinceEpoch: Int32(splitAtMidnight.days)) }
  }

  private var splitAtMidnight: (days: Int64, microseconds: Int64) {
    let (days, rest) = microsecondsSinceEpoch.quotientAndRemainder(dividingBy: Self.microsecondsPerDay)
    return rest < 0 ? (days - 1, rest + Self.microsecondsPerDay) : (days, rest)
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with as many decimals of a second as needed (none, three or six): "2024-02-29T07:05:00.250Z".
  package var description: String {
    let (days, microseconds) = splitAtMidnight
    let seconds = Int(microseconds / 1_000_000)
    let rest = Int(microseconds % 1_000_000)
    let fraction = rest == 0 ? "" : rest % 1_000 == 0 ? ".\(padded(rest / 1_000, 3))" : ".\(padded(rest, 6))"
    let clock = "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
    let date = try? CalendarDate(daysSinceEpoch: Int32(days))
    return "\(date.map(String.init(describing:)) ?? "")T\(clock)\(fraction)Z"
  }

  /// Reads RFC 3339 §5.6: "2024-02-29T07:05:00.25+01:00". A seventh and later decimal of the second is dropped.
  ///
  /// - Throws: ``ValueError`` for any other form, a missing offset, and a leap second, which no clock of ours can tell.
  package init(parsing text: some StringProtocol) throws(ValueError) {
    var reader = DigitReader(text)
    let date = try CalendarDate.read(from: &reader)
    let separator = try reader.take()
    guard [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(separator) else {
      throw ValueError("The text is no date or time of ISO 8601.")
    }
    let microseconds = try Self.readClock(from: &reader)
    let offset = try Self.readOffset(from: &reader)
    try reader.expectEnd()
    let midnight = Int64(date.daysSinceEpoch) * Self.microsecondsPerDay
    try self.init(microsecondsSinceEpoch: midnight + microseconds - offset)
  }

  private static func readClock(from reader: inout DigitReader) throws(ValueError) -> Int64 {
    let hour = try reader.number(digits: 2)
    try reader.expect(":")
    let minute = try reader.number(digits: 2)
    try reader.expect(":")
    let second = try reader.number(digits: 2)
    guard hour < 24, minute < 60, second < 60 else { throw ValueError("The text is no time of the day.") }
    return Int64((hour * 60 + minute) * 60 + second) * 1_000_000 + (try readFraction(from: &reader))
  }

  private static func readFraction(from reader: inout DigitReader) throws(ValueError) -> Int64 {
    guard reader.next == UInt8(ascii: ".") else { return 0 }
    try reader.expect(".")
    var fraction = Int64(try reader.digit()) * 100_000
    var unit: Int64 = 10_000
    while let next = reader.next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) {
      fraction += Int64(try reader.digit()) * unit
      unit /= 10
    }
    return fraction
  }

  /// The offset from UTC in microseconds.
  private static func readOffset(from reader: inout DigitReader) throws(ValueError) -> Int64 {
    let sign = try reader.take()
    if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") { return 0 }
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
      throw ValueError("A time needs its offset from UTC, Z or ±hh:mm.")
    }
    let hours = try reader.number(digits: 2)
    try reader.expect(":")
    let minutes = try reader.number(digits: 2)
    guard hours < 24, minutes < 60 else { throw ValueError("An offset from UTC is below 24:00.") }
    let offset = Int64(hours * 60 + minutes) * 60_000_000
    return sign == UInt8(ascii: "-") ? -offset : offset
  }
}
