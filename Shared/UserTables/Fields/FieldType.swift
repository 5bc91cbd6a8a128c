package import Messages

/// The type of a field that a user defined, and how PostgreSQL keeps it.
package enum FieldType: Sendable, Hashable, CaseIterable {
  case string, integer, decimal, boolean, date, timestamp, email, phone, language, country, url

  /// The type that the API names, or nil for one that this version does not know.
  package init?(_ type: TypeV1.FieldType) {
    guard let match = Self.allCases.first(where: { $0.message == type }) else { return nil }
    self = match
  }

  /// How the API names it.
  package var message: TypeV1.FieldType {
    switch self {
    case .string: .string
    case .integer: .integer
    case .decimal: .decimal
    case .boolean: .boolean
    case .date: .date
    case .timestamp: .timestamp
    case .email: .email
    case .phone: .phone
    case .language: .language
    case .country: .country
    case .url: .url
    }
  }

  /// What its values are, whatever they must look like.
  package var valueKind: ValueKind {
    switch self {
    case .string, .email, .phone, .language, .country, .url: .text
    case .integer: .integer
    case .decimal: .decimal
    case .boolean: .boolean
    case .date: .date
    case .timestamp: .timestamp
    }
  }

  /// The type of its column.
  package var sqlType: String { valueKind.sqlType }

  /// Whether its values are text.
  package var isText: Bool { valueKind == .text }

  /// Whether its values lie in ranges, and have a least and a greatest.
  package var isOrdered: Bool { valueKind.isOrdered }

  /// What to call a value of it in an error.
  package var noun: String {
    switch self {
    case .string: "text"
    case .integer: "a whole number"
    case .decimal: "a decimal number"
    case .boolean: "true or false"
    case .date: "a date (YYYY-MM-DD)"
    case .timestamp: "a time (YYYY-MM-DDThh:mm:ssZ)"
    case .email: "an e-mail address"
    case .phone: "a phone number in international form (+32470123456)"
    case .language: "a two-letter language code"
    case .country: "a two-letter country code"
    case .url: "an http or https address"
    }
  }
}
