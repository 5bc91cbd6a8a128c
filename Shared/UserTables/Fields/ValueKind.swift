/// What values are, to messages and to PostgreSQL. Several types of field may share a kind.
///
/// Whoever reads, writes or compares values switches over this without a `default`, so that the compiler names every place
/// that a new kind needs.
package enum ValueKind: Sendable, Hashable {
  case text, integer, decimal, boolean, date, timestamp

  /// The type of its column.
  var sqlType: String {
    switch self {
    case .text: "text"
    case .integer: "bigint"
    case .decimal: "numeric"
    case .boolean: "boolean"
    case .date: "date"
    case .timestamp: "timestamp with time zone"
    }
  }

  /// Whether its values lie in ranges, and have a least and a greatest. Text does not: its order is a matter of language.
  var isOrdered: Bool {
    switch self {
    case .text, .boolean: false
    case .integer, .decimal, .date, .timestamp: true
    }
  }

  /// The field of a `Value` that carries it.
  var messageField: String {
    switch self {
    case .text: "string_value"
    case .integer: "int64_value"
    case .decimal: "decimal_value"
    case .boolean: "bool_value"
    case .date: "date_value"
    case .timestamp: "timestamp_value"
    }
  }
}
