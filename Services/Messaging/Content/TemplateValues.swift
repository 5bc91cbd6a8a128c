internal import Messages
internal import Templates
internal import UserTables
internal import Values

extension TemplateValue {
  /// A field's value, as templates work with it.
  init(_ value: TypeV1.Value?) {
    switch value?.kind {
    case nil, .nullValue: self = .missing
    case .stringValue(let text): self = .text(text)
    case .int64Value(let number): self = .integer(number)
    case .boolValue(let flag): self = .bool(flag)
    case .decimalValue(let decimal): self = (try? DecimalNumber(decimal)).map(TemplateValue.decimal) ?? .missing
    case .dateValue(let date): self = (try? CalendarDate(date)).map(TemplateValue.date) ?? .missing
    case .timestampValue(let moment): self = (try? Timestamp(moment)).map(TemplateValue.moment) ?? .missing
    case .listValue(let list): self = .list(list.values.map { TemplateValue($0) })
    }
  }

  /// Fields by technical name.
  init(_ fields: [String: TypeV1.Value]) {
    self = .object(fields.mapValues { TemplateValue($0) })
  }
}
