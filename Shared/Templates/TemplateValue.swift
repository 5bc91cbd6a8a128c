package import Values

/// What a template is given.
package enum TemplateValue: Sendable, Hashable {
  /// There is none: renders as nothing, and is false.
  case missing
  case text(String)
  case integer(Int64)
  /// Apart, for it is the largest by far, and seldom.
  indirect case decimal(DecimalNumber)
  case bool(Bool)
  case date(CalendarDate)
  case moment(Timestamp)
  case list([TemplateValue])
  case object([String: TemplateValue])
}

extension TemplateValue {
  /// As in Liquid: all but a missing value and `false` is true.
  var isTrue: Bool {
    switch self {
    case .missing, .bool(false): false
    default: true
    }
  }

  /// What `default` replaces: a missing value, `false`, an empty text or list.
  var isBlank: Bool {
    switch self {
    case .text(let text): text.isEmpty
    case .list(let items): items.isEmpty
    default: !isTrue
    }
  }

  /// The number that it is, or that its text says.
  var number: DecimalNumber? {
    switch self {
    case .integer(let number): DecimalNumber(number)
    case .decimal(let number): number
    case .text(let text): DecimalNumber(text)
    default: nil
    }
  }

  /// A part of it, by name; lists and texts have `size`, lists `first` and `last`.
  func member(_ name: String) -> TemplateValue {
    switch (self, name) {
    case (.object(let members), _): members[name] ?? .missing
    case (.list(let items), "size"): .integer(Int64(items.count))
    case (.list(let items), "first"): items.first ?? .missing
    case (.list(let items), "last"): items.last ?? .missing
    case (.text(let text), "size"): .integer(Int64(text.count))
    default: .missing
    }
  }

  /// An item of a list, from 0; below 0 counts from the end.
  func item(_ index: Int) -> TemplateValue {
    guard case .list(let items) = self else { return .missing }
    let place = index < 0 ? items.count + index : index
    return items.indices.contains(place) ? items[place] : .missing
  }

  /// How it reads.
  func text(in zone: Zone) -> String {
    switch self {
    case .missing, .object: ""
    case .text(let text): text
    case .integer(let number): String(number)
    case .decimal(let number): number.description
    case .bool(let flag): flag ? "true" : "false"
    case .date(let date): date.description
    case .moment(let moment): LocalTime(moment, in: zone).description
    case .list(let items): items.map { $0.text(in: zone) }.joined(separator: ", ")
    }
  }

  /// About how many bytes it takes to read it through.
  var weight: Int {
    switch self {
    case .text(let text): text.utf8.count
    case .list(let items): items.reduce(0) { $0 + 2 + $1.weight }
    case .object(let members): members.reduce(0) { $0 + $1.key.utf8.count + $1.value.weight }
    default: 16
    }
  }

  /// Whether both are the same; numbers are, whatever their kind.
  func equals(_ other: TemplateValue, in zone: Zone) -> Bool {
    switch (self, other) {
    case (.missing, .missing): true
    case (.missing, _), (_, .missing): false
    default: order(relativeTo: other, in: zone).map { $0 == 0 } ?? (self == other)
    }
  }

  /// Below 0, 0 or above 0; nil where the two cannot be compared.
  func order(relativeTo other: TemplateValue, in zone: Zone) -> Int? {
    switch (self, other) {
    case (.text(let left), .text(let right)): return left == right ? 0 : left < right ? -1 : 1
    case (.integer, _), (.decimal, _), (_, .integer), (_, .decimal):
      guard let left = number, let right = other.number else { return nil }
      return left == right ? 0 : left < right ? -1 : 1
    case (.moment(let left), .moment(let right)): return left == right ? 0 : left < right ? -1 : 1
    case (.date, _), (.moment, _), (_, .date), (_, .moment):
      guard let left = day(in: zone), let right = other.day(in: zone) else { return nil }
      return left == right ? 0 : left < right ? -1 : 1
    case (.bool(let left), .bool(let right)): return left == right ? 0 : left ? 1 : -1
    default: return nil
    }
  }

  /// The day that it is on, or that its text says.
  func day(in zone: Zone) -> CalendarDate? {
    switch self {
    case .date(let date): date
    case .moment(let moment): try? zone.day(of: moment)
    case .text(let text): try? CalendarDate(parsing: text)
    default: nil
    }
  }
}
