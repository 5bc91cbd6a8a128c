package import FoundationEssentials
package import Values

/// A parameter of a statement, or a cell of COPY.
///
/// PostgreSQL infers each parameter's type from the statement; a value is sent when it fits that type exactly: an `int`
/// as smallint, integer, bigint, numeric or double precision, a `text` as text, varchar, char, name or any enum, a
/// `json` as jsonb, json or text. Anything else is refused before it is sent.
package enum SQLValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case decimal(DecimalNumber)
  /// Must not contain U+0000, which PostgreSQL cannot store.
  case text(String)
  case bytes([UInt8])
  case date(CalendarDate)
  case timestamp(Timestamp)
  case uuid(UUID)
  /// The text of a JSON document.
  case json(String)
  case boolArray([Bool?])
  case intArray([Int64?])
  case doubleArray([Double?])
  case decimalArray([DecimalNumber?])
  case textArray([String?])
  case bytesArray([[UInt8]?])
  case dateArray([CalendarDate?])
  case timestampArray([Timestamp?])
  case uuidArray([UUID?])
  case jsonArray([String?])
}

extension SQLValue: ExpressibleByNilLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByBooleanLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(integerLiteral value: Int64) { self = .int(value) }
  package init(stringLiteral value: String) { self = .text(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension SQLValue {
  /// The text, or null.
  package static func optional(_ value: String?) -> SQLValue { value.map(Self.text) ?? .null }
  /// The integer, or null.
  package static func optional(_ value: Int64?) -> SQLValue { value.map(Self.int) ?? .null }
  /// The instant, or null.
  package static func optional(_ value: Timestamp?) -> SQLValue { value.map(Self.timestamp) ?? .null }
}
