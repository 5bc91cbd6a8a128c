import Foundation
import Messages
import UserTables
import Values

/// The values of a profile or row as people write them: `{"customerCode":"00042","birthDate":"1975-02-28"}`.
enum FieldData {
  /// The members of a JSON object.
  ///
  /// - Throws: ``CommandError`` when it is none.
  static func members(of json: [UInt8]) throws -> [String: PlainJSON] {
    do {
      return try JSONDecoder().decode([String: PlainJSON].self, from: Data(json))
    } catch {
      throw CommandError.usage("The data is not a JSON object such as {\"firstName\":\"Zoë\",\"newsletter\":true}.")
    }
  }

  /// The values that the members stand for, each in the kind that the type of its field asks for.
  ///
  /// - Throws: ``CommandError`` naming the field and what it takes.
  static func values(_ members: [String: PlainJSON], of shape: TableShape) throws -> [String: TypeV1.Value] {
    try Dictionary(
      uniqueKeysWithValues: members.map { name, value in
        (name, try TypeV1.Value(kind(value, as: shape.type(of: name), field: name)))
      })
  }

  private static func kind(
    _ value: PlainJSON, as type: TypeV1.FieldType, field: String
  ) throws -> TypeV1.Value.Kind {
    switch value {
    case .null:
      return .nullValue(TypeV1.Null())
    case .list(let elements):
      var list = TypeV1.ListValue()
      list.values = try elements.map { TypeV1.Value(try kind($0, as: type, field: field)) }
      return .listValue(list)
    default:
      guard let kind = scalar(value, as: type) else {
        let wanted = FieldType(type)?.noun ?? "a text, a number, true or false"
        throw CommandError.usage("\(field) takes \(wanted), and the data has \(value.noun).")
      }
      return kind
    }
  }

  private static func scalar(_ value: PlainJSON, as type: TypeV1.FieldType) -> TypeV1.Value.Kind? {
    switch FieldType(type)?.valueKind {
    case nil: untyped(value)
    case .text: if case .text(let text) = value { .stringValue(text) } else { nil }
    case .integer: integer(value).map { .int64Value($0) }
    case .decimal: decimal(value).map { .decimalValue($0.message) }
    case .boolean: if case .bool(let flag) = value { .boolValue(flag) } else { nil }
    case .date: date(value).map { .dateValue($0.message) }
    // A day stands for its beginning in the entity's zone, which the server knows.
    case .timestamp: timestamp(value).map { .timestampValue($0.message) } ?? date(value).map { .dateValue($0.message) }
    }
  }

  private static func untyped(_ value: PlainJSON) -> TypeV1.Value.Kind? {
    switch value {
    case .bool(let flag): .boolValue(flag)
    case .integer(let number): .int64Value(number)
    case .decimal: decimal(value).map { .decimalValue($0.message) }
    case .text(let text): .stringValue(text)
    default: nil
    }
  }

  private static func integer(_ value: PlainJSON) -> Int64? {
    switch value {
    case .integer(let number): number
    case .text(let text): Int64(text)
    default: nil
    }
  }

  private static func decimal(_ value: PlainJSON) -> DecimalNumber? {
    switch value {
    case .integer(let number): DecimalNumber(number)
    case .decimal(let number): try? DecimalNumber(parsing: "\(number)")
    case .text(let text): try? DecimalNumber(parsing: text)
    default: nil
    }
  }

  private static func date(_ value: PlainJSON) -> CalendarDate? {
    if case .text(let text) = value { try? CalendarDate(parsing: text) } else { nil }
  }

  private static func timestamp(_ value: PlainJSON) -> Timestamp? {
    if case .text(let text) = value { try? Timestamp(parsing: text) } else { nil }
  }
}
