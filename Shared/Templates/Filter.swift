internal import Values

/// What can be done to a value before it is written.
enum Filter: String, Sendable, CaseIterable {
  case `default`, date, upcase, downcase, capitalize, strip, escape, money, round, size, join, first, last, truncate
  case append, prepend

  /// How many arguments it takes.
  var arguments: ClosedRange<Int> {
    switch self {
    case .default, .append, .prepend: 1...1
    case .date, .round, .join: 0...1
    case .money, .truncate: 0...2
    default: 0...0
    }
  }

  var argumentsText: String {
    switch arguments {
    case 0...0: "no argument"
    case 1...1: "one argument"
    case 0...1: "at most one argument"
    default: "at most two arguments"
    }
  }

  /// At most about how many bytes it reads through and produces.
  func weight(of value: TemplateValue, _ arguments: [TemplateValue]) -> Int {
    let given = arguments.reduce(0) { $0 + $1.weight }
    guard self == .join, case .list(let items) = value else { return value.weight + given }
    return value.weight + items.count * given
  }

  func apply(
    to value: TemplateValue, _ arguments: [TemplateValue], context: Template.Context, zone: Zone
  ) -> TemplateValue {
    func text(_ index: Int, or standard: String) -> String {
      arguments.count > index ? arguments[index].text(in: zone) : standard
    }
    switch self {
    case .default: return value.isBlank ? arguments[0] : value
    case .size, .first, .last: return value.member(rawValue)
    case .date: return date(value, text(0, or: "%Y-%m-%d"), zone)
    case .round: return rounded(value, places: arguments.first?.number, zone)
    case .money: return money(value, symbol: text(0, or: ""), point: text(1, or: "."))
    case .truncate: return truncated(value.text(in: zone), arguments.first?.number, text(1, or: "…"))
    case .join:
      guard case .list(let items) = value else { return value }
      return .text(items.map { $0.text(in: zone) }.joined(separator: text(0, or: ", ")))
    // A template of HTML escapes all it writes, and once is enough.
    case .escape: return context == .html ? value : .text(Markup.escape(value.text(in: zone)))
    default: return changed(value, text(0, or: ""), zone)
    }
  }

  /// The filters that change the text of a value; what is missing stays so.
  private func changed(_ value: TemplateValue, _ argument: String, _ zone: Zone) -> TemplateValue {
    if value == .missing, self != .append, self != .prepend { return value }
    let text = value.text(in: zone)
    switch self {
    case .upcase: return .text(text.uppercased())
    case .downcase: return .text(text.lowercased())
    case .capitalize: return .text(text.prefix(1).uppercased() + text.dropFirst())
    case .strip:
      var stripped = text[...].drop { $0.isWhitespace }
      while stripped.last?.isWhitespace == true { stripped.removeLast() }
      return .text(String(stripped))
    case .append: return .text(text + argument)
    default: return .text(argument + text)
    }
  }

  private func date(_ value: TemplateValue, _ pattern: String, _ zone: Zone) -> TemplateValue {
    switch value {
    case .date(let date): return .text(LocalTime(date).format(pattern))
    case .moment(let moment): return .text(LocalTime(moment, in: zone).format(pattern))
    case .text(let text):
      if let moment = try? Timestamp(parsing: text) { return .text(LocalTime(moment, in: zone).format(pattern)) }
      if let date = try? CalendarDate(parsing: text) { return .text(LocalTime(date).format(pattern)) }
      return value
    default: return value
    }
  }

  private func rounded(_ value: TemplateValue, places: DecimalNumber?, _ zone: Zone) -> TemplateValue {
    guard let number = value.number else { return value }
    let places = places.map { Int(clamping: $0.unscaled) } ?? 0
    return .decimal(number.rounded(toPlaces: min(max(places, 0), 10)))
  }

  private func money(_ value: TemplateValue, symbol: String, point: String) -> TemplateValue {
    guard let number = value.number else { return value }
    let amount = number.rounded(toPlaces: 2).description.split(separator: ".").joined(separator: point)
    return .text(symbol.isEmpty ? amount : "\(amount)\u{A0}\(symbol)")
  }

  private func truncated(_ text: String, _ most: DecimalNumber?, _ end: String) -> TemplateValue {
    let most = max(0, most.map { Int(clamping: $0.unscaled) } ?? 50)
    guard text.count > most else { return .text(text) }
    return .text(text.prefix(max(0, most - end.count)) + end)
  }
}
