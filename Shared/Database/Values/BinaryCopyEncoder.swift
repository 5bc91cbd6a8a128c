import Values

/// Rows as bytes of COPY … FROM STDIN WITH (FORMAT binary) (PostgreSQL, "COPY", Binary Format).
///
/// COPY tells nothing of the columns' types, so they are named here; each value must fit its column's type, as a
/// parameter must. A text column is also right for varchar, and for an enum.
package struct BinaryCopyEncoder: Sendable {
  /// The type of a column that is copied into.
  package enum ColumnType: Sendable, Hashable {
    case bool, smallint, integer, bigint, double, numeric, text, bytea, date, timestamptz, uuid, jsonb
    case boolArray, smallintArray, integerArray, bigintArray, doubleArray, numericArray, textArray, byteaArray
    case dateArray, timestamptzArray, uuidArray, jsonbArray
  }

  private let columns: [PostgresType]
  private var bytes: [UInt8]

  /// An encoder for rows of these columns, in the order of the COPY statement.
  package init(columns: [ColumnType]) {
    self.columns = columns.map(\.type)
    // The signature; no flags; no extension.
    bytes = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
  }

  /// Encodes one row.
  ///
  /// - Throws: ``DatabaseError`` `.invalidValue`, naming the column by its position from 1, when a value does not fit it,
  ///   or there are more or fewer values; the row is then left out.
  package mutating func append(_ row: [SQLValue]) throws(DatabaseError) {
    guard row.count == columns.count else {
      throw DatabaseError(.invalidValue, "The copy has \(columns.count) columns, not \(row.count).")
    }
    let start = bytes.count
    bytes.append(bigEndian: Int16(columns.count))
    for (index, value) in row.enumerated() {
      do throws(ValueError) {
        try append(value, columns[index])
      } catch {
        bytes.removeSubrange(start...)
        throw DatabaseError(.invalidValue, error.message, column: "\(index + 1)")
      }
    }
  }

  private mutating func append(_ value: SQLValue, _ type: PostgresType) throws(ValueError) {
    if case .null = value { return bytes.append(bigEndian: Int32(-1)) }
    let start = bytes.count
    bytes.append(bigEndian: Int32(0))
    try BinaryEncoder.encode(value, as: type, into: &bytes)
    bytes.overwrite(at: start, bigEndian: Int32(truncatingIfNeeded: bytes.count - start - 4))
  }

  /// Bytes that wait to be taken.
  package var count: Int { bytes.count }

  /// The bytes so far, and begins anew: call it whenever ``count`` is large enough to send.
  package mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  /// The last bytes, with the end mark.
  package mutating func finish() -> [UInt8] {
    bytes.append(bigEndian: Int16(-1))
    return take()
  }
}

extension BinaryCopyEncoder.ColumnType {
  fileprivate var type: PostgresType {
    switch self {
    case .bool: .bool
    case .smallint: .int2
    case .integer: .int4
    case .bigint: .int8
    case .double: .float8
    case .numeric: .numeric
    case .text: .text
    case .bytea: .bytea
    case .date: .date
    case .timestamptz: .timestamptz
    case .uuid: .uuid
    case .jsonb: .jsonb
    default: element?.array ?? .unknown
    }
  }

  private var element: PostgresType? {
    switch self {
    case .boolArray: .bool
    case .smallintArray: .int2
    case .integerArray: .int4
    case .bigintArray: .int8
    case .doubleArray: .float8
    case .numericArray: .numeric
    case .textArray: .text
    case .byteaArray: .bytea
    case .dateArray: .date
    case .timestamptzArray: .timestamptz
    case .uuidArray: .uuid
    case .jsonbArray: .jsonb
    default: nil
    }
  }
}
