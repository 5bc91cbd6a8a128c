package import Database
package import Messages
internal import Values

/// Turns what the database keeps into what callers read.
package enum FieldWriter {
  /// The value of a cell, or nil when it has none.
  package static func value(
    of field: FieldDefinition, in row: Row, at column: Int
  ) throws(DatabaseError) -> TypeV1.Value? {
    guard field.isMultiValued else { return try SQLValue.stored(field.type, in: row, at: column).message }
    if try row.isNull(column) { return nil }
    var list = TypeV1.ListValue()
    list.values = try elements(of: field.type, in: row, at: column).map(TypeV1.Value.init)
    return TypeV1.Value(.listValue(list))
  }

  private static func elements(
    of type: FieldType, in row: Row, at column: Int
  ) throws(DatabaseError) -> [TypeV1.Value.Kind] {
    switch type.valueKind {
    case .text: try row.textArray(column).compactMap { $0.map { .stringValue($0) } }
    case .integer: try row.intArray(column).compactMap { $0.map { .int64Value($0) } }
    case .decimal: try row.decimalArray(column).compactMap { $0.map { .decimalValue($0.message) } }
    case .boolean: try row.boolArray(column).compactMap { $0.map { .boolValue($0) } }
    case .date: try row.dateArray(column).compactMap { $0.map { .dateValue($0.message) } }
    case .timestamp: try row.timestampArray(column).compactMap { $0.map { .timestampValue($0.message) } }
    }
  }

  /// The text of a cell of a file, as ``FieldReader`` reads it; empty when there is no value.
  package static func text(of value: TypeV1.Value?) throws -> String {
    switch value?.kind {
    case nil, .nullValue: return ""
    case .stringValue(let text): return text
    case .int64Value(let number): return String(number)
    case .boolValue(let flag): return flag ? "true" : "false"
    case .decimalValue(let decimal): return try DecimalNumber(decimal).description
    case .dateValue(let date): return try CalendarDate(date).description
    case .timestampValue(let timestamp): return try Timestamp(timestamp).description
    case .listValue(let list): return try list.values.map { try text(of: $0) }.joined(separator: "|")
    }
  }
}

extension SQLValue {
  /// The single value that a cell of a type holds.
  package static func stored(_ type: FieldType, in row: Row, at column: Int) throws(DatabaseError) -> SQLValue {
    if try row.isNull(column) { return .null }
    return switch type.valueKind {
    case .text: .text(try row.text(column))
    case .integer: .int(try row.int(column))
    case .decimal: .decimal(try row.decimal(column))
    case .boolean: .bool(try row.bool(column))
    case .date: .date(try row.date(column))
    case .timestamp: .timestamp(try row.timestamp(column))
    }
  }
}
