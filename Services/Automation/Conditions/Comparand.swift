internal import Messages
internal import UserTables
internal import Values

/// The type of a field that a user defined; `Messages` has another of this name.
typealias FieldType = UserTables.FieldType

/// A value as conditions compare it: numbers exactly, whatever kind carries them.
enum Comparand: Sendable, Hashable {
  case number(DecimalNumber)
  case text(String)
  case flag(Bool)
  case day(CalendarDate)
  case moment(Timestamp)

  /// Nil for null, for a list, and for what is no value of its kind.
  init?(_ value: TypeV1.Value) {
    switch value.kind {
    case .int64Value(let number): self = .number(DecimalNumber(number))
    case .decimalValue(let decimal):
      guard let number = try? DecimalNumber(decimal) else { return nil }
      self = .number(number)
    case .stringValue(let text): self = .text(text)
    case .boolValue(let flag): self = .flag(flag)
    case .dateValue(let date):
      guard let day = try? CalendarDate(date) else { return nil }
      self = .day(day)
    case .timestampValue(let time):
      guard let moment = try? Timestamp(time) else { return nil }
      self = .moment(moment)
    case .nullValue, .listValue, nil: return nil
    }
  }

  /// Whether a field of a type is compared with this.
  func goes(with type: FieldType) -> Bool {
    switch (type.valueKind, self) {
    case (.text, .text), (.integer, .number), (.decimal, .number), (.boolean, .flag), (.date, .day),
      (.timestamp, .day), (.timestamp, .moment):
      true
    case (.text, _), (.integer, _), (.decimal, _), (.boolean, _), (.date, _), (.timestamp, _): false
    }
  }

  /// Whether this comes before another of the same kind; nil for kinds without an order, or of different kinds.
  func precedes(_ other: Comparand) -> Bool? {
    switch (self, other) {
    case (.number(let left), .number(let right)): left < right
    case (.day(let left), .day(let right)): left < right
    case (.moment(let left), .moment(let right)): left < right
    case (.number, _), (.text, _), (.flag, _), (.day, _), (.moment, _): nil
    }
  }
}
