package import Database
package import Messages
package import Values

// Between the values that messages carry and the types that they are computed with.

extension DecimalNumber {
  /// - Throws: ``FieldProblem`` for more than 38 digits.
  package init(_ message: TypeV1.Decimal) throws(FieldProblem) {
    let unscaled = Int128(message.high) << 64 | Int128(message.low)
    do { try self.init(unscaled: unscaled, scale: Int(message.scale)) } catch { throw .notA(.decimal) }
  }

  /// As a message carries it.
  package var message: TypeV1.Decimal {
    var message = TypeV1.Decimal()
    message.high = Int64(truncatingIfNeeded: unscaled >> 64)
    message.low = UInt64(truncatingIfNeeded: unscaled)
    message.scale = Int32(scale)
    return message
  }
}

extension CalendarDate {
  /// - Throws: ``FieldProblem`` for a day that does not exist.
  package init(_ message: TypeV1.Date) throws(FieldProblem) {
    do {
      try self.init(year: Int(message.year), month: Int(message.month), day: Int(message.day))
    } catch { throw .notA(.date) }
  }

  /// As a message carries it.
  package var message: TypeV1.Date {
    let parts = components
    var message = TypeV1.Date()
    message.year = Int32(parts.year)
    message.month = Int32(parts.month)
    message.day = Int32(parts.day)
    return message
  }
}

extension Timestamp {
  /// - Throws: ``FieldProblem`` outside the years 1 to 9999. What is finer than a microsecond is cut.
  package init(_ message: GoogleProtobuf.Timestamp) throws(FieldProblem) {
    let (microseconds, overflow) = message.seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow, (0..<1_000_000_000).contains(message.nanos) else { throw .notA(.timestamp) }
    do {
      try self.init(
        microsecondsSinceEpoch: microseconds.addingReportingOverflow(Int64(message.nanos / 1_000)).partialValue)
    } catch { throw .notA(.timestamp) }
  }

  /// As a message carries it.
  package var message: GoogleProtobuf.Timestamp {
    let (quotient, rest) = microsecondsSinceEpoch.quotientAndRemainder(dividingBy: 1_000_000)
    var message = GoogleProtobuf.Timestamp()
    message.seconds = rest < 0 ? quotient - 1 : quotient
    message.nanos = Int32((rest < 0 ? rest + 1_000_000 : rest) * 1_000)
    return message
  }
}

extension TypeV1.Value {
  /// A value with its kind set.
  package init(_ kind: Kind) {
    self.init()
    self.kind = kind
  }
}

extension SQLValue {
  /// A single value as messages carry it; nil for null and arrays.
  package var message: TypeV1.Value? {
    switch self {
    case .text(let text): TypeV1.Value(.stringValue(text))
    case .int(let number): TypeV1.Value(.int64Value(number))
    case .decimal(let number): TypeV1.Value(.decimalValue(number.message))
    case .bool(let flag): TypeV1.Value(.boolValue(flag))
    case .date(let date): TypeV1.Value(.dateValue(date.message))
    case .timestamp(let time): TypeV1.Value(.timestampValue(time.message))
    case .null, .double, .bytes, .uuid, .json, .boolArray, .intArray, .doubleArray, .decimalArray, .textArray,
      .bytesArray, .dateArray, .timestampArray, .uuidArray, .jsonArray:
      nil
    }
  }
}
