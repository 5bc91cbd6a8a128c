/// Numbers as people read them on a progress line.
enum Amounts {
  /// `312 B`, `4.1 kB`, `27.3 MB`: in steps of a thousand, with one decimal.
  static func bytes(_ count: Int64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"]
    guard count >= 1_000 else { return "\(count) B" }
    var amount = Double(count)
    var unit = -1
    // 999,950 would print as 1000.0 kB.
    while amount >= 999.95 && unit < units.count - 1 {
      amount /= 1_000
      unit += 1
    }
    return "\(tenths(amount)) \(units[max(unit, 0)])"
  }

  /// `4 s`, `2 min 5 s`, `1 h 12 min`.
  static func time(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    return switch seconds {
    case ..<60: "\(seconds) s"
    case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
    default: "\(seconds / 3_600) h \(seconds / 60 % 60) min"
    }
  }

  /// `12,345`.
  static func count(_ number: Int64) -> String {
    let digits = String(number.magnitude)
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  private static func tenths(_ amount: Double) -> String {
    let rounded = (amount * 10).rounded() / 10
    return "\(rounded)"
  }
}
