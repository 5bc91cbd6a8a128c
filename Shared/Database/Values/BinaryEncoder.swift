import FoundationEssentials
import Values

/// Values -> PostgreSQL's binary forms. Errors never repeat the value.
enum BinaryEncoder {
  /// Appends the bytes of a value that is not null.
  static func encode(_ value: SQLValue, as type: PostgresType, into bytes: inout [UInt8]) throws(ValueError) {
    switch value {
    case .null: break
    case .bool(let value): try encode(value, as: type, into: &bytes)
    case .int(let value): try encode(value, as: type, into: &bytes)
    case .double(let value): try encode(value, as: type, into: &bytes)
    case .decimal(let value): try encode(value, as: type, into: &bytes)
    case .text(let value): try encode(text: value, as: type, into: &bytes)
    case .bytes(let value): try encode(value, as: type, into: &bytes)
    case .date(let value): try encode(value, as: type, into: &bytes)
    case .timestamp(let value): try encode(value, as: type, into: &bytes)
    case .uuid(let value): try encode(value, as: type, into: &bytes)
    case .json(let value): try encode(json: value, as: type, into: &bytes)
    default: try encodeArray(value, as: type, into: &bytes)
    }
  }

  private static func encodeArray(
    _ value: SQLValue, as type: PostgresType, into bytes: inout [UInt8]
  ) throws(ValueError) {
    switch value {
    case .boolArray(let values): try array(values, as: type, into: &bytes, encode)
    case .intArray(let values): try array(values, as: type, into: &bytes, encode)
    case .doubleArray(let values): try array(values, as: type, into: &bytes, encode)
    case .decimalArray(let values): try array(values, as: type, into: &bytes, encode)
    case .textArray(let values): try array(values, as: type, into: &bytes, encode(text:as:into:))
    case .bytesArray(let values): try array(values, as: type, into: &bytes, encode)
    case .dateArray(let values): try array(values, as: type, into: &bytes, encode)
    case .timestampArray(let values): try array(values, as: type, into: &bytes, encode)
    case .uuidArray(let values): try array(values, as: type, into: &bytes, encode)
    case .jsonArray(let values): try array(values, as: type, into: &bytes, encode(json:as:into:))
    default: break
    }
  }

  private static func array<Element>(
    _ values: [Element?], as type: PostgresType, into bytes: inout [UInt8],
    _ element: (Element, PostgresType, inout [UInt8]) throws(ValueError) -> Void
  ) throws(ValueError) {
    guard let elementType = type.element else { throw misfit("an array", type) }
    bytes.append(bigEndian: Int32(values.isEmpty ? 0 : 1))
    bytes.append(bigEndian: Int32(values.contains { $0 == nil } ? 1 : 0))
    bytes.append(bigEndian: elementType.rawValue)
    guard !values.isEmpty else { return }
    bytes.append(bigEndian: Int32(values.count))
    bytes.append(bigEndian: Int32(1))
    for value in values {
      guard let value else {
        bytes.append(bigEndian: Int32(-1))
        continue
      }
      let start = bytes.count
      bytes.append(bigEndian: Int32(0))
      try element(value, elementType, &bytes)
      bytes.overwrite(at: start, bigEndian: Int32(truncatingIfNeeded: bytes.count - start - 4))
    }
  }

  private static func encode(_ value: Bool, as type: PostgresType, into bytes: inout [UInt8]) throws(ValueError) {
    guard type == .bool else { throw misfit("a bool", type) }
    bytes.append(value ? 1 : 0)
  }

  private static func encode(_ value: Int64, as type: PostgresType, into bytes: inout [UInt8]) throws(ValueError) {
    switch type {
    case .int8: bytes.append(bigEndian: value)
    case .int4: bytes.append(bigEndian: try narrow(value, Int32.self))
    case .int2: bytes.append(bigEndian: try narrow(value, Int16.self))
    case .oid: bytes.append(bigEndian: try narrow(value, UInt32.self))
    case .numeric: NumericCodec.encode(DecimalNumber(value), into: &bytes)
    case .float8:
      guard let double = Double(exactly: value) else { throw outOfRange }
      bytes.append(bigEndian: double.bitPattern)
    default: throw misfit("an int", type)
    }
  }

  private static func encode(_ value: Double, as type: PostgresType, into bytes: inout [UInt8]) throws(ValueError) {
    switch type {
    case .float8: bytes.append(bigEndian: value.bitPattern)
    case .float4: bytes.append(bigEndian: Float(value).bitPattern)
    default: throw misfit("a double", type)
    }
  }

  private static func encode(
    _ value: DecimalNumber, as type: PostgresType, into bytes: inout [UInt8]
  ) throws(ValueError) {
    guard type == .numeric else { throw misfit("a decimal", type) }
    NumericCodec.encode(value, into: &bytes)
  }

  private static func encode(
    text value: String, as type: PostgresType, into bytes: inout [UInt8]
  ) throws(ValueError) {
    guard type.isText else { throw misfit("a text", type) }
    try append(value, to: &bytes)
  }

  private static func encode(_ value: [UInt8], as type: PostgresType, into bytes: inout [UInt8]) throws(ValueError) {
    guard type == .bytea else { throw misfit("bytes", type) }
    bytes.append(contentsOf: value)
  }

  private static func encode(
    _ value: CalendarDate, as type: PostgresType, into bytes: inout [UInt8]
  ) throws(ValueError) {
    guard type == .date else { throw misfit("a date", type) }
    bytes.append(bigEndian: value.daysSinceEpoch - Int32(daysToPostgresEpoch))
  }

  private static func encode(
    _ value: Timestamp, as type: PostgresType, into bytes: inout [UInt8]
  ) throws(ValueError) {
    guard type == .timestamptz else { throw misfit("a timestamp", type) }
    bytes.append(bigEndian: value.microsecondsSinceEpoch - microsecondsToPostgresEpoch)
  }

  private static func encode(_ value: UUID, as type: PostgresType, into bytes: inout [UInt8]) throws(ValueError) {
    guard type == .uuid else { throw misfit("a uuid", type) }
    withUnsafeBytes(of: value.uuid) { bytes.append(contentsOf: $0) }
  }

  private static func encode(
    json value: String, as type: PostgresType, into bytes: inout [UInt8]
  ) throws(ValueError) {
    switch type {
    case .jsonb: bytes.append(1)
    case .json: break
    default: throw misfit("a JSON document", type)
    }
    try append(value, to: &bytes)
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) throws(ValueError) {
    let start = bytes.count
    bytes.append(contentsOf: text.utf8)
    guard !bytes[start...].contains(0) else { throw ValueError("A text cannot contain U+0000.") }
  }

  private static func narrow<Number: FixedWidthInteger>(_ value: Int64, _: Number.Type) throws(ValueError) -> Number {
    guard let number = Number(exactly: value) else { throw outOfRange }
    return number
  }

  private static let outOfRange = ValueError("The number is out of the range of its type.")

  private static func misfit(_ what: String, _ type: PostgresType) -> ValueError {
    ValueError("PostgreSQL expects the type \(type.rawValue), which takes not \(what); a cast in the statement helps.")
  }
}
