/// A Timestamp as RFC 3339 writes it: `2026-03-01T08:30:00.125Z`.
enum TimestampText {
  /// The years 1 to 9999, in seconds since 1970.
  static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  /// - Returns: nil beyond the years 1 to 9999, or if `nanos` is not below a second.
  static func text(seconds: Int64, nanos: Int64) -> String? {
    guard range.contains(seconds), (0..<1_000_000_000).contains(nanos) else { return nil }
    let day = Int(seconds - (seconds < 0 ? 86_399 : 0)) / 86_400
    let second = Int(seconds) - day * 86_400
    let (year, month, dayOfMonth) = date(daysSince1970: day)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
      + "T\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))\(fraction(nanos))Z"
  }

  /// - Returns: nil if it is no time of RFC 3339, or beyond the years 1 to 9999.
  static func parse(_ text: String) -> (seconds: Int64, nanos: Int64)? {
    var scanner = DigitScanner(text)
    guard let year = scanner.number(digits: 4), scanner.take("-"), let month = scanner.number(digits: 2),
      scanner.take("-"), let day = scanner.number(digits: 2), scanner.take("T"),
      let hour = scanner.number(digits: 2), scanner.take(":"), let minute = scanner.number(digits: 2),
      scanner.take(":"), let second = scanner.number(digits: 2), let nanos = scanner.fraction(),
      let offset = offset(&scanner), scanner.isAtEnd
    else { return nil }
    guard year > 0, (1...12).contains(month), (1...daysInMonth(month, of: year)).contains(day), hour < 24, minute < 60,
      second < 60
    else { return nil }
    let days = daysSince1970(year: year, month: month, day: day)
    let seconds = Int64(days * 86_400 + hour * 3_600 + minute * 60 + second - offset)
    return range.contains(seconds) ? (seconds, Int64(nanos)) : nil
  }

  /// `Z`, or hours and minutes east of Greenwich, in seconds.
  private static func offset(_ scanner: inout DigitScanner) -> Int? {
    if scanner.take("Z") { return 0 }
    let sign = scanner.take("+") ? 1 : scanner.take("-") ? -1 : 0
    guard sign != 0, let hours = scanner.number(digits: 2), scanner.take(":"), let minutes = scanner.number(digits: 2),
      hours < 24, minutes < 60
    else { return nil }
    return sign * (hours * 3_600 + minutes * 60)
  }

  /// No digits, or three, six or nine of them.
  static func fraction(_ nanos: Int64) -> String {
    if nanos == 0 { return "" }
    if nanos % 1_000_000 == 0 { return ".\(padded(Int(nanos / 1_000_000), 3))" }
    if nanos % 1_000 == 0 { return ".\(padded(Int(nanos / 1_000), 6))" }
    return ".\(padded(Int(nanos), 9))"
  }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  // MARK: The calendar

  private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  private static func daysInMonth(_ month: Int, of year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days before the first day of a year, counted from year 1.
  private static func daysBefore(year: Int) -> Int {
    let last = year - 1
    return last * 365 + last / 4 - last / 100 + last / 400
  }

  /// 1970-01-01, counted from the first day of year 1.
  private static let epoch = 719_162

  private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let before = (1..<month).reduce(0) { $0 + daysInMonth($1, of: year) }
    return daysBefore(year: year) + before + day - 1 - epoch
  }

  private static func date(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let total = days + epoch
    var year = total / 366 + 1  // At most a few years too early.
    while daysBefore(year: year + 1) <= total { year += 1 }
    var rest = total - daysBefore(year: year)
    var month = 1
    while rest >= daysInMonth(month, of: year) {
      rest -= daysInMonth(month, of: year)
      month += 1
    }
    return (year, month, rest + 1)
  }
}

/// A Duration in seconds: `1.500s`, `-3s`.
enum DurationText {
  /// About 10,000 years, in seconds.
  static let largest: Int64 = 315_576_000_000

  /// - Returns: nil beyond the range, or if seconds and nanoseconds differ in sign.
  static func text(seconds: Int64, nanos: Int64) -> String? {
    guard (-largest...largest).contains(seconds), (-999_999_999...999_999_999).contains(nanos),
      seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0)
    else { return nil }
    let sign = seconds < 0 || nanos < 0 ? "-" : ""
    return "\(sign)\(seconds.magnitude)\(TimestampText.fraction(abs(nanos)))s"
  }

  /// - Returns: nil if it is no number of seconds with at most nine digits behind the point, or beyond the range.
  static func parse(_ text: String) -> (seconds: Int64, nanos: Int64)? {
    var scanner = DigitScanner(text)
    let sign: Int64 = scanner.take("-") ? -1 : 1
    guard let seconds = scanner.number(digits: nil), let nanos = scanner.fraction(), scanner.take("s"), scanner.isAtEnd,
      seconds <= largest
    else { return nil }
    return (sign * Int64(seconds), sign * Int64(nanos))
  }
}

/// Reads fixed forms of digits and signs.
struct DigitScanner {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = rest.first, UInt32(byte) == character.value else { return false }
    rest.removeFirst()
    return true
  }

  /// - Parameter digits: how many there must be; nil for one to eighteen.
  mutating func number(digits: Int?) -> Int? {
    var value = 0
    var count = 0
    while count < digits ?? 18, let byte = rest.first, (0x30...0x39).contains(byte) {
      value = value * 10 + Int(byte - 0x30)
      count += 1
      rest.removeFirst()
    }
    return count == digits ?? max(count, 1) ? value : nil
  }

  /// A point and one to nine digits, in billionths; 0 where there is no point.
  mutating func fraction() -> Int? {
    guard take(".") else { return 0 }
    var value = 0
    var count = 0
    while let byte = rest.first, (0x30...0x39).contains(byte) {
      guard count < 9 else { return nil }
      value = value * 10 + Int(byte - 0x30)
      count += 1
      rest.removeFirst()
    }
    guard count > 0 else { return nil }
    return (count..<9).reduce(value) { value, _ in value * 10 }
  }
}
