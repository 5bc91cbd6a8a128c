/// Rows as bytes of COPY … WITH (FORMAT binary) (PostgreSQL, "COPY", Binary Format).
///
/// COPY tells nothing of the columns' types, so they are named here; each value must fit its column's type.
package struct BinaryCopyEncoder: Sendable {
  /// The type of a column that is copied into.
  package enum ColumnType: Sendable, Hashable {
    case bool, smallint, integer, bigint, double, numeric, text, bytea, date, timestamptz, uuid, jsonb
    case boolArray, smallintArray, integerArray, bigintArray, doubleArray, numericArray, textArray, byteaArray
    case dateArray, timestamptzArray, uuidArray, jsonbArray
  }

  private let columns: [ColumnType]
  private var bytes: [UInt8] = []

  /// An encoder for rows of these columns, in the order of the COPY statement.
  package init(columns: [ColumnType]) {
    self.columns = columns
  }

  /// Encodes one row.
  ///
  /// - Throws: ``DatabaseError`` `.invalidValue` when a value does not fit its column, or there are more or fewer values.
  package mutating func append(_ row: [SQLValue]) throws {}

  /// Bytes that wait to be taken.
  package var count: Int { bytes.count }

  /// The bytes so far, and begins anew: call it whenever ``count`` is large enough to send.
  package mutating func take() -> [UInt8] { bytes }

  /// The last bytes, with the end mark.
  package mutating func finish() -> [UInt8] { bytes }
}
