internal import Values

/// A moment as clocks of a zone show it.
struct LocalTime: CustomStringConvertible {
  let date: CalendarDate
  /// Nil for a day without a time.
  let secondOfDay: Int?

  init(_ date: CalendarDate) {
    self.date = date
    secondOfDay = nil
  }

  init(_ moment: Timestamp, in zone: Zone) {
    let local = moment.advanced(by: zone.offset(at: moment))
    let microseconds = local.microsecondsSinceEpoch
    let day = Timestamp.microsecondsPerDay
    let days = microseconds / day - (microseconds % day < 0 ? 1 : 0)
    date = (try? local.utcDate) ?? Self.epoch
    secondOfDay = Int((microseconds - days * day) / 1_000_000)
  }

  private static let epoch: CalendarDate = {
    guard let day = try? CalendarDate(daysSinceEpoch: 0) else { preconditionFailure("the epoch is a day") }
    return day
  }()

  var description: String {
    guard secondOfDay != nil else { return date.description }
    return format("%Y-%m-%d %H:%M")
  }

  /// Writes it by a pattern of strftime: `%Y %y %m %d %e %H %M %S %j %B %b %A %a %%`; `-` behind the percent sign leaves
  /// out a leading zero. Names of months and days are English.
  func format(_ pattern: String) -> String {
    var result = ""
    var characters = pattern[...]
    while let character = characters.popFirst() {
      guard character == "%", var directive = characters.popFirst() else {
        result.append(character)
        continue
      }
      var isPadded = true
      if directive == "-", let next = characters.popFirst() {
        isPadded = false
        directive = next
      }
      result += piece(directive, isPadded: isPadded) ?? "%\(directive)"
    }
    return result
  }

  private func piece(_ directive: Character, isPadded: Bool) -> String? {
    let (year, month, day) = date.components
    let second = secondOfDay ?? 0
    func number(_ value: Int, _ digits: Int, _ filler: Character = "0") -> String {
      let text = String(value)
      return isPadded ? String(repeating: filler, count: max(0, digits - text.count)) + text : text
    }
    switch directive {
    case "Y": return number(year, 4)
    case "y": return number(year % 100, 2)
    case "m": return number(month, 2)
    case "d": return number(day, 2)
    case "e": return number(day, 2, " ")
    case "H": return number(second / 3_600, 2)
    case "M": return number(second / 60 % 60, 2)
    case "S": return number(second % 60, 2)
    case "j": return number(dayOfYear, 3)
    case "B": return Self.months[month - 1]
    case "b": return String(Self.months[month - 1].prefix(3))
    case "A": return Self.days[dayOfWeek]
    case "a": return String(Self.days[dayOfWeek].prefix(3))
    case "%": return "%"
    default: return nil
    }
  }

  private var dayOfYear: Int {
    let (year, month, day) = date.components
    return (1..<month).reduce(day) { $0 + CalendarDate.days(inMonth: $1, ofYear: year) }
  }

  /// 0 on Sunday: the epoch was a Thursday.
  private var dayOfWeek: Int { (Int(date.daysSinceEpoch) % 7 + 11) % 7 }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
}
