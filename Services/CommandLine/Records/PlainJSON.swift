import Foundation

/// A JSON value as people write it in `--data`. Numbers keep all their digits, up to 38.
enum PlainJSON: Sendable, Hashable, Decodable {
  case null
  case bool(Bool)
  case integer(Int64)
  case decimal(Decimal)
  case text(String)
  case list([PlainJSON])
  case object([String: PlainJSON])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Decimal.self) {
      self = .decimal(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([PlainJSON].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: PlainJSON].self))
    }
  }

  /// What people call such a value.
  var noun: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .integer, .decimal: "a number"
    case .text: "a text"
    case .list: "a list"
    case .object: "an object"
    }
  }
}
