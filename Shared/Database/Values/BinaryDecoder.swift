internal import FoundationEssentials
internal import Values

/// PostgreSQL's binary forms -> values, a function per type. Each is given all bytes of one value, which is not null.
enum BinaryDecoder {
  /// The value is of another type, or not representable by ours; the sentence says so without the value.
  enum Failure: Error {
    case wrongType
    case malformed
    case unrepresentable(ValueError)
  }

  static func bool(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> Bool {
    guard type == .bool else { throw .wrongType }
    return try whole(bytes, UInt8.self) != 0
  }

  static func int(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> Int64 {
    switch type {
    case .int8: try whole(bytes, Int64.self)
    case .int4: Int64(try whole(bytes, Int32.self))
    case .int2: Int64(try whole(bytes, Int16.self))
    case .oid: Int64(try whole(bytes, UInt32.self))
    default: throw .wrongType
    }
  }

  static func double(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> Double {
    switch type {
    case .float8: Double(bitPattern: try whole(bytes, UInt64.self))
    case .float4: Double(Float(bitPattern: try whole(bytes, UInt32.self)))
    default: throw .wrongType
    }
  }

  static func decimal(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> DecimalNumber {
    guard type == .numeric else { return DecimalNumber(try int(bytes, type)) }
    return try NumericCodec.decode(bytes)
  }

  static func text(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> String {
    guard type.isText else { throw .wrongType }
    return bytes.text()
  }

  static func bytes(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> [UInt8] {
    guard type == .bytea else { throw .wrongType }
    return bytes.array()
  }

  static func date(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> CalendarDate {
    guard type == .date else { throw .wrongType }
    let days = Int64(try whole(bytes, Int32.self)) + daysToPostgresEpoch
    do throws(ValueError) {
      // The extremes stand for infinity and are outside the years 1 to 9999 as well.
      guard let days = Int32(exactly: days) else { throw ValueError("A date is of the years 1 to 9999.") }
      return try CalendarDate(daysSinceEpoch: days)
    } catch { throw .unrepresentable(error) }
  }

  static func timestamp(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> Timestamp {
    guard type == .timestamptz else { throw .wrongType }
    let (sum, overflow) = try whole(bytes, Int64.self).addingReportingOverflow(microsecondsToPostgresEpoch)
    do throws(ValueError) {
      return try Timestamp(microsecondsSinceEpoch: overflow ? .max : sum)
    } catch { throw .unrepresentable(error) }
  }

  static func uuid(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> UUID {
    guard type == .uuid else { throw .wrongType }
    guard bytes.byteCount == 16 else { throw .malformed }
    return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }

  static func json(_ bytes: RawSpan, _ type: PostgresType) throws(Failure) -> String {
    switch type {
    case .json: return bytes.text()
    case .jsonb:
      // jsonb begins with the version of its binary form, 1 ever since.
      var offset = 0
      guard let version = try? bytes.integer(UInt8.self, at: &offset), version == 1 else { throw .malformed }
      return bytes.text(from: 1)
    default: throw .wrongType
    }
  }

  private static func whole<Number: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: RawSpan, _: Number.Type
  ) throws(Failure) -> Number {
    do throws(MalformedValue) { return try bytes.wholeInteger() } catch { throw .malformed }
  }
}

/// PostgreSQL counts days and microseconds from 2000-01-01.
let daysToPostgresEpoch: Int64 = 10_957
let microsecondsToPostgresEpoch: Int64 = daysToPostgresEpoch * Timestamp.microsecondsPerDay
